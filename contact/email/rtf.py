"""RTF as Outlook puts it into winmail.dat -> text.  Pure, bounded."""

import re
import struct

from contact.email.charsets import decode_text

MAX_RTF = 2_000_000

_PRESET = (  # MS-OXRTFCP 2.1.3.1: what every compressed text may refer back to
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.IGNORECASE | re.DOTALL
)
_SILENT = {
    b"fonttbl",
    b"colortbl",
    b"stylesheet",
    b"info",
    b"pict",
    b"object",
    b"header",
    b"footer",
    b"themedata",
    b"datastore",
}
_SIGNS = {b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t", b"cell": " | "}
_SIGNS |= {
    b"emdash": "—",
    b"endash": "–",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
}
_MAX_DEPTH = 100


def uncompress(data: bytes) -> bytes:
    """Undo "compressed RTF" (MS-OXRTFCP); what is damaged ends where it is damaged."""
    if len(data) < 16:
        return b""
    _, size, kind = struct.unpack_from("<II4s", data)
    if kind == b"MELA":
        return data[16 : 16 + min(size, MAX_RTF)]
    if kind != b"LZFu":
        return b""
    out, limit, at = bytearray(_PRESET), len(_PRESET) + min(size, MAX_RTF), 16
    while at < len(data) and len(out) < limit:
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data) or len(out) >= limit:
                break
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            at += 2
            # the window is a ring of 4,096 bytes, in which the next byte is written at len(out) % 4096
            back = (len(out) - (pair >> 4)) % 4096
            if back == 0 or back > len(out):
                return bytes(out[len(_PRESET) :])
            for _ in range((pair & 15) + 2):
                out.append(out[-back])
    return bytes(out[len(_PRESET) : limit])


def rtf_to_text(rtf: bytes) -> str:
    """The words of an RTF text, its paragraphs as lines; HTML wrapped in RTF loses its tags."""
    return _Reader().read(rtf[:MAX_RTF])


class _Reader:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.raw = bytearray()  # letters of the code page, decoded together
        self.charset = "cp1252"
        self.silent = False
        self.outside = False  # between \htmlrtf and \htmlrtf0 stands what the HTML says already
        self.open: list[bool] = []
        self.skip = 0  # stand-ins that follow a \u

    def read(self, rtf: bytes) -> str:
        for token in _TOKEN.finditer(rtf):
            word, number, code, sign, brace, text = token.groups(b"")
            if brace:
                self.step(brace)
            elif word:
                self.control(word.lower(), number)
            elif code:
                self.say(bytes([int(code, 16)]))
            elif sign:
                self.symbol(sign)
            elif text:
                self.say(text)
        self.flush()
        whole = "".join(self.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # \u comes in halves
        lines = whole.split("\n")
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip()

    def step(self, brace: bytes) -> None:
        self.flush()
        if brace == b"{" and len(self.open) < _MAX_DEPTH:
            self.open.append(self.silent)
        elif brace == b"}" and self.open:
            self.silent = self.open.pop()

    def control(self, word: bytes, number: bytes) -> None:
        if word == b"ansicpg":
            self.charset = f"cp{int(number or 1252)}"
        elif word in _SILENT:
            self.silent = True
        elif word == b"htmlrtf":
            self.outside = number != b"0"
        elif word == b"u" and number:
            self.flush()
            self.add(chr(int(number) % 0x10000))
            self.skip = 1
        elif word in _SIGNS:
            self.flush()
            self.add(_SIGNS[word])

    def symbol(self, sign: bytes) -> None:
        if sign == b"*":
            self.silent = True
        elif sign == b"~":
            self.say(b" ")
        elif sign in b"\\{}":
            self.say(sign)

    def say(self, letters: bytes) -> None:
        skipped, self.skip = self.skip, 0
        if not self.silent and not self.outside:
            self.raw += letters[skipped:]

    def add(self, text: str) -> None:
        if not self.silent and not self.outside:
            self.pieces.append(text)

    def flush(self) -> None:
        if self.raw:
            self.pieces.append(decode_text(bytes(self.raw), self.charset)[0])
            self.raw.clear()
