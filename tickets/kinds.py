"""What a file really is and what is dangerous in it, by its content and its name.  Pure; unpacks nothing."""

import re
from dataclasses import dataclass

import puremagic

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PROGRAM, ZIP, OLE = "application/x-executable", "application/zip", "application/x-ole-storage"
OFFICE = "application/vnd.openxmlformats-officedocument."
# How much of its beginning and of its end tells what a file is; the list of a zip stands at its end.
HEAD, TAIL = 8_192, 262_144

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"dex\n")
_SCRIPTS = (b"#!", b"@echo off", b"L\x00\x00\x00\x01\x14\x02\x00")
_PROGRAM_NAMES = {
    "exe",
    "com",
    "scr",
    "msi",
    "msix",
    "dll",
    "cpl",
    "pif",
    "apk",
    "jar",
    "deb",
    "rpm",
    "app",
    "dmg",
    "iso",
    "img",
    "vhd",
    "vhdx",
}
_SCRIPT_NAMES = {
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "hta",
    "ps1",
    "psm1",
    "bat",
    "cmd",
    "sh",
    "lnk",
    "reg",
    "url",
    "chm",
    "scf",
    "msc",
    "py",
    "xll",
}
_MACRO_NAMES = {"docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppam", "ppsm"}
_PAGE_NAMES = {"html", "htm", "xhtml", "shtml", "mht", "mhtml", "svg"}
_LOCKED = {bytes([flags]) for flags in range(1, 256, 2)}  # the lowest bit of a zip's flags
# What a name promises, by the beginning of the media types that keep the promise.
_PROMISES: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp"), ("image/",)),
    **dict.fromkeys(("docx", "xlsx", "pptx"), (OFFICE, ZIP, OLE)),  # OLE: one with a password
    **dict.fromkeys(("doc", "xls", "ppt"), (OLE, OFFICE, "application/rtf", "text/")),
    **dict.fromkeys(("edoc", "asice", "odt", "ods"), ("application/vnd.", ZIP)),
    "zip": (ZIP, "application/vnd."),
}


@dataclass(frozen=True)
class FileKind:
    """`media_type` is "" where nobody can tell; `risk` is one of `Attachment.Risk`, "" for none."""

    media_type: str
    risk: str


def kind_of(content: bytes, name: str) -> FileKind:
    """Tell what a file is; never raises, and takes no longer for a large one."""
    media_type = _media_type(content)
    return FileKind(media_type, _risk(content, suffix_of(name), media_type))


def suffix_of(name: str) -> str:
    """Return the ending that decides what opens the file, lower case, without its dot."""
    return name.rstrip(". ").rpartition(".")[2].lower() if "." in name else ""


def _media_type(content: bytes) -> str:
    if content.startswith(_PROGRAMS):
        return PROGRAM
    if content.startswith(b"PK\x03\x04"):
        return _packed_type(content)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return OLE
    try:
        found = puremagic.magic_string(content[:HEAD])
    except (puremagic.PureError, ValueError):
        found = []
    named = next((one.mime_type for one in found if one.mime_type and one.confidence >= 0.3), "")
    return named or ("text/plain" if content and not _NO_TEXT.search(content[:HEAD]) else "")


def _packed_type(content: bytes) -> str:
    """Return what a zip is: containers name themselves in their first file, which is not packed."""
    if content[30:38] == b"mimetype":
        size = int.from_bytes(content[18:22], "little")
        named = content[38 : 38 + min(size, 100)].decode("ascii", "replace")
        if named.startswith("application/vnd."):
            return named
    listed = content[-TAIL:]
    for folder, kind in ((b"word/", "wordprocessingml.document"), (b"xl/", "spreadsheetml.sheet")):
        if folder in listed and b"[Content_Types].xml" in listed:
            return OFFICE + kind
    return f"{OFFICE}presentationml.presentation" if b"ppt/presentation.xml" in listed else ZIP


def _risk(content: bytes, suffix: str, media_type: str) -> str:
    if media_type == PROGRAM or suffix in _PROGRAM_NAMES:
        return "program"
    if content[:20].lower().startswith(_SCRIPTS) or suffix in _SCRIPT_NAMES:
        return "script"
    if suffix in _MACRO_NAMES or _has_macros(content, media_type):
        return "macros"
    if not media_type.startswith(_PROMISES.get(suffix, ("",))) and media_type:
        return "disguised"
    if media_type in ("text/html", "image/svg+xml", "application/xhtml+xml") or suffix in _PAGE_NAMES:
        return "page"
    return "locked" if _is_locked(content, media_type) else ""


def _has_macros(content: bytes, media_type: str) -> bool:
    if media_type == OLE:
        return "_VBA_PROJECT".encode("utf-16-le") in content
    return media_type.startswith(OFFICE) and b"vbaProject.bin" in content[-TAIL:]


def _is_locked(content: bytes, media_type: str) -> bool:
    """Tell whether a password keeps it from being looked into."""
    if media_type == OLE:
        return "EncryptedPackage".encode("utf-16-le") in content
    return content.startswith(b"PK\x03\x04") and content[6:7] in _LOCKED
