"""The skeleton of a mail: header fields, parts, transfer encodings; bounded, deaf to nonsense.  Pure.

The standard library's parser goes as deep as the mail does and dies of it; this one looks at 1,000 parts, 30 deep.
"""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

MAX_PARTS = 1_000
MAX_DEPTH = 30
MAX_FIELDS = 2_000
MAX_FIELD = 64 * 1024

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_PARAM = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_LINE_ENDS = re.compile(  # as programs end a line of the header, in one mail too; a lone CR only if a new line follows
    rb"\r{0,3}\n|\r(?=[!-9;-~]{1,200}[ \t]*:|[ \t\r\n]|\Z)"
)
_ENCODING = re.compile(r"[\s\"']*([\w-]+)", re.ASCII)  # also before a comment or a stray semicolon
_UUENCODED = {"uuencode", "x-uuencode", "uue", "x-uue"}
_UU_BEGINS = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)
_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)", re.ASCII)
_BOUNDARY_ENDS = re.compile(rb"(--)?[ \t]*\r?(?=\n|\Z)")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


class Headers:
    """The fields of one part, in order. Values are unfolded; bytes that are not UTF-8 stand as surrogate escapes."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def get(self, name: str) -> str:
        """The first field of that name (in lower case), or ""."""
        found = self._fields.get(name)
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        return list(self._fields.get(name, ()))

    def __contains__(self, name: str) -> bool:
        return name in self._fields


@dataclass(frozen=True)
class Part:
    """One node of the tree; `body` is still in its transfer encoding."""

    headers: Headers
    body: bytes
    content_type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    children: tuple["Part", ...] = ()

    def walk(self) -> Iterator["Part"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def content(self) -> bytes:
        """The body with its transfer encoding undone as far as it can be."""
        named = _ENCODING.match(self.headers.get("content-transfer-encoding"))
        encoding = named[1].lower() if named else ""
        if encoding == "base64":
            return decode_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in _UUENCODED:
            return decode_uuencoded(self.body)
        return self.body


def read(raw: bytes) -> Part:
    """Take a mail apart."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Reader().read(raw, depth=0, default="text/plain")


def read_headers(raw: bytes) -> tuple[Headers, bytes]:
    """Split off the header fields; return them and the body that follows."""
    fields: list[tuple[str, list[bytes]]] = []
    start = 0
    while start < len(raw):
        newline = _LINE_ENDS.search(raw, start)
        end = newline.end() if newline else len(raw)
        line = raw[start : min(end, start + MAX_FIELD)].rstrip(b"\r\n")
        if not line:
            start = end
            break
        if line[:1] in b" \t" and fields:
            if len(fields[-1][1]) < MAX_FIELDS:
                fields[-1][1].append(line)
        elif match := _FIELD.match(line):
            if len(fields) < MAX_FIELDS:
                fields.append((match[1].decode("ascii").lower(), [match[2]]))
        elif start > 0 or not line.startswith((b"From ", b">From ")):
            break  # not a field: the blank line is missing and the body begins here
        start = end
    unfolded = [(name, b"".join(lines)[:MAX_FIELD].decode("utf-8", "surrogateescape")) for name, lines in fields]
    return Headers([(name, value.strip()) for name, value in unfolded]), raw[start:]


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split `Content-Type` or `Content-Disposition` into its lower-case word and its parameters."""
    params: dict[str, str] = {}
    for name, content in _PARAM.findall(value):
        content = content.strip()
        if len(content) > 1 and content[0] == content[-1] == '"':
            content = re.sub(r"\\(.)", r"\1", content[1:-1], flags=re.DOTALL)
        params.setdefault(name.lower(), content)
    return value.split(";", 1)[0].strip().lower(), params


def decode_base64(data: bytes) -> bytes:
    """Decode base64 whatever its padding, line ends and stray characters."""
    whole = data.rstrip(b"=\r\n\t ")
    if b"=" not in whole:  # as nearly all are: one piece, which the C code reads over its line ends
        with suppress(binascii.Error):
            return binascii.a2b_base64(whole + b"==")
    return b"".join(_decode_run(run) for run in re.split(rb"=+", data.translate(None, _NOT_BASE64)))


def _decode_run(run: bytes) -> bytes:
    whole = run[:-1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def decode_uuencoded(data: bytes) -> bytes:
    """Decode the lines between "begin" and "end", damaged ones left out; without "begin" return what was given."""
    began = _UU_BEGINS.search(data)
    if not began:
        return data
    decoded = []
    for line in data[began.end() :].splitlines():
        if line.strip() == b"end":
            break
        with suppress(binascii.Error):
            decoded.append(binascii.a2b_uu(line))
    return b"".join(decoded)


class _Reader:
    def __init__(self) -> None:
        self.left = MAX_PARTS

    def read(self, raw: bytes, *, depth: int, default: str) -> Part:
        self.left -= 1
        headers, body = read_headers(raw)
        _, params = parameters(headers.get("content-type"))
        named = _TYPE.match(headers.get("content-type"))
        content_type = named[1].lower() if named else default
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/"):
            if depth < MAX_DEPTH and params.get("boundary"):
                children = self.read_children(body, params["boundary"], content_type, depth + 1)
            if not children:  # a cut or mislabelled mail is shown as the text it is; what is too deep is kept as a file
                content_type = "text/plain" if depth < MAX_DEPTH else "application/octet-stream"
        return Part(headers, body, content_type, params, children)

    def read_children(self, body: bytes, boundary: str, parent: str, depth: int) -> tuple[Part, ...]:
        default = "message/rfc822" if parent == "multipart/digest" else "text/plain"
        children = []
        for raw in _split(body, boundary.encode("utf-8", "surrogateescape")):
            if self.left <= 0:
                break
            children.append(self.read(raw, depth=depth, default=default))
        return tuple(children)


def _split(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """The pieces between the boundary lines; a missing closing line ends the last piece with the body."""
    dashes = b"--" + boundary.rstrip()
    start, at = None, body.find(dashes)
    while at >= 0:
        mark = _BOUNDARY_ENDS.match(body, at + len(dashes)) if at == 0 or body[at - 1] == 0x0A else None
        if mark is None:
            at = body.find(dashes, at + 1)
            continue
        if start is not None:
            yield body[start : max(start, at - 1)].removesuffix(b"\r")
        if mark[1]:
            return
        start = mark.end() + 1
        at = body.find(dashes, mark.end())
    if start is not None:
        yield body[start:]
