"""Signed containers, looked into without opening the files inside: ASiC (.edoc, .asice, .asics, .bdoc) and S/MIME.  Pure.

Everything is bounded: nothing is decompressed but signatures, those up to 2 MB each and 20 of them. No signature is
verified: the names say who is said to have signed, and a page must say so.
"""

import io
import re
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from asn1crypto import cms, x509
from defusedxml.ElementTree import fromstring

from contact.email.charsets import storable

MAX_ENTRIES = 500
MAX_DIRECTORY = 1024 * 1024
MAX_SIGNATURES = 20
MAX_SIGNATURE = 2 * 1024 * 1024
MAX_SIGNERS = 100

_XMLDSIG = "{http://www.w3.org/2000/09/xmldsig#}"
_ASIC = "application/vnd.etsi.asic-"
_SIGNATURE_FILE = re.compile(r"META-INF/[^/]*signature[^/]*\.(?:xml|p7s)", re.IGNORECASE)


@dataclass(frozen=True)
class Enclosed:
    """A file inside; `size` is in bytes, as the container states it."""

    name: str
    size: int


@dataclass(frozen=True)
class Signer:
    """Who is said to have signed, and when (UTC) by their own clock; `name` is "" when no certificate tells it."""

    name: str
    signed_at: datetime | None


@dataclass(frozen=True)
class Container:
    """`kind`: "asice", "asics", "edoc" (its old form), "signed" or "encrypted" (S/MIME)."""

    kind: str
    files: tuple[Enclosed, ...] = ()
    signers: tuple[Signer, ...] = ()


def look_inside(content: bytes) -> Container | None:
    """Files and signers of a signed container; None if it is none. Never raises, whatever the bytes.  (S-24.2)"""
    try:
        if content.startswith(b"PK\x03\x04"):
            return _look_into_zip(content)
        if content.startswith(b"0"):
            return _look_into_cms(content)
    except Exception:  # damaged or hostile bytes: then it is a file like any other
        return None
    return None


def signed_content(content: bytes) -> bytes:
    """The mail inside an opaque S/MIME signature; b"" if there is none. Never raises."""
    try:
        info = cms.ContentInfo.load(content)
        if info["content_type"].native != "signed_data":
            return b""
        return bytes(info["content"]["encap_content_info"]["content"].native or b"")
    except Exception:  # as above
        return b""


# --- ASiC -------------------------------------------------------------------------------------------------------------


def _look_into_zip(content: bytes) -> Container | None:
    if not _is_bearable(content):
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        kind = _kind(opened)
        if not kind:
            return None
        names = [info for info in opened.infolist() if not info.is_dir()]
        files = [info for info in names if info.filename != "mimetype" and not info.filename.startswith("META-INF/")]
        signatures = [info for info in names if _SIGNATURE_FILE.fullmatch(info.filename)][:MAX_SIGNATURES]
        signers = [signer for info in signatures for signer in _signers_in(opened, info)]
    listed = (Enclosed(storable(info.filename)[:255], info.file_size) for info in files[:MAX_ENTRIES])
    return Container(kind, tuple(listed), tuple(dict.fromkeys(signers))[:MAX_SIGNERS])


def _is_bearable(content: bytes) -> bool:
    """Whether the list of files is short enough to read at all; the other form of the list (zip64) is not needed."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if end < 0 or len(content) < end + 22 or content[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return False
    return int.from_bytes(content[end + 12 : end + 16], "little") <= MAX_DIRECTORY


def _kind(opened: zipfile.ZipFile) -> str:
    names = set(opened.namelist())
    mimetype = _head(opened, opened.getinfo("mimetype"), 200).decode("ascii", "replace") if "mimetype" in names else ""
    if mimetype.startswith(_ASIC):
        return f"asic{mimetype.removeprefix(_ASIC)[:1]}"
    is_signed = any(_SIGNATURE_FILE.fullmatch(name) for name in names)
    return "edoc" if is_signed and "opendocument" not in mimetype else ""


def _head(opened: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """The first `limit` bytes: no more is decompressed, whatever the container promises."""
    with opened.open(info) as stream:
        return stream.read(limit)


def _signers_in(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Signer]:
    content = _head(opened, info, MAX_SIGNATURE + 1)
    if len(content) > MAX_SIGNATURE:
        return
    if info.filename.lower().endswith(".p7s"):
        container = look_inside(content)
        yield from container.signers if container else ()
        return
    try:
        signatures = list(fromstring(content, forbid_dtd=True).iter(f"{_XMLDSIG}Signature"))
        yield from [_xml_signer(signature) for signature in signatures[:MAX_SIGNERS]]
    except Exception:  # damaged or hostile, in one of many ways: it names nobody, but does not hide the files
        return


def _xml_signer(signature: Element) -> Signer:
    certificate = signature.find(f"{_XMLDSIG}KeyInfo//{_XMLDSIG}X509Certificate")
    told = next((each.text for each in signature.iter() if str(each.tag).endswith("}SigningTime")), None)
    name = _name(b64decode(certificate.text)) if certificate is not None and certificate.text else ""
    return Signer(name, _instant(told or ""))


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.strip()[:40])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- S/MIME -----------------------------------------------------------------------------------------------------------


def _look_into_cms(content: bytes) -> Container | None:
    info = cms.ContentInfo.load(content)
    kind = info["content_type"].native
    if kind in ("enveloped_data", "authenticated_enveloped_data"):
        return Container("encrypted")
    if kind != "signed_data":
        return None
    signed = info["content"]
    certificates = list(signed["certificates"] or [])[:MAX_SIGNERS]
    people = [_cms_signer(signer, certificates) for signer in list(signed["signer_infos"])[:MAX_SIGNERS]]
    return Container("signed", (), tuple(dict.fromkeys(people)))


def _cms_signer(signer: cms.SignerInfo, certificates: list[cms.CertificateChoices]) -> Signer:
    sid = signer["sid"].chosen
    own = [each.chosen for each in certificates if each.name == "certificate" and _is_of(each.chosen, sid)]
    times = [each["values"][0].native for each in signer["signed_attrs"] or [] if each["type"].native == "signing_time"]
    return Signer(_common_name(own[0]) if own else "", times[0].astimezone(UTC) if times else None)


def _is_of(certificate: x509.Certificate, sid: object) -> bool:
    if isinstance(sid, cms.IssuerAndSerialNumber):
        return bool(certificate.serial_number == sid["serial_number"].native)
    return bool(certificate.key_identifier == getattr(sid, "native", None))


def _name(der: bytes) -> str:
    return _common_name(x509.Certificate.load(der))


def _common_name(certificate: x509.Certificate) -> str:
    """The name of a person or an office; never the personal code, which stands beside it."""
    subject = certificate.subject.native
    given = f"{subject.get('given_name', '')} {subject.get('surname', '')}".strip()
    name = subject.get("common_name") or given or subject.get("organization_name") or ""
    return re.sub(r"[,\s]*\b(?:PNO[A-Z]{2}-)?\d{6}-?\d{5}\b", "", storable(str(name)))[:200]
