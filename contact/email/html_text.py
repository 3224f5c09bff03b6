"""HTML of a mail -> text that keeps paragraphs, lists, tables, links and quotations.  Pure."""

import re
from html.parser import HTMLParser

import nh3

from contact.email.sanitise import tame

_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "blockquote"}
_BLOCKS = _PARAGRAPHS | {
    "div",
    "li",
    "tr",
    "center",
    "dd",
    "dt",
    "dl",
    "section",
    "article",
    "header",
    "footer",
    "body",
}
_TAGS = _BLOCKS - {"body"} | {"br", "hr", "a", "img", "td", "th"}
_ATTRIBUTES = {"a": {"href"}, "p": {"class"}, "img": {"alt"}, "ol": {"start"}}
_UNSEEN = {"script", "style", "title", "template"}
_RULE = "_" * 32
_MAX_QUOTES = 10


def html_to_text(html: str) -> str:
    """Return readable text; quotations (blockquote) are marked by ">", as in a plain mail."""
    tidy = nh3.clean(tame(html), tags=_TAGS, attributes=_ATTRIBUTES, clean_content_tags=_UNSEEN, link_rel=None)
    reader = _Reader()
    reader.feed(tidy)
    reader.close()
    reader.end_line()
    return re.sub(r"\n(?:[> ]*\n){2,}", "\n\n", "\n".join(reader.lines)).strip()


class _Reader(HTMLParser):
    """Reads HTML that nh3 has made well-formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.glued = False  # a bullet or a cell's bar was just written: the next block goes on in the same line
        self.gap = False  # a paragraph ended: a blank line before the next text
        self.quotes = self.quotes_above = 0  # depth of quotation now, and in the last line written
        self.preformatted = 0
        self.lists: list[int] = []  # next number of each open list; 0 for bullets
        self.tight: list[bool] = []  # for each open <p>: is it Word's, which has no space around it?
        self.links: list[tuple[str, int]] = []  # address, length of the line when it began
        self.row_start = self.cell_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "p":
            self.tight.append("Mso" in given.get("class", "") or bool(self.lists))
        if tag in _BLOCKS:
            self.end_block(tag)
        if tag == "br":
            self.break_line()
        elif tag == "hr":
            self.end_line()
            self.lines.append(_RULE)
        elif tag == "a":
            self.links.append((given.get("href", ""), len(self.line)))
        elif tag == "img" and given.get("alt", "").strip():
            self.handle_data(f"[{given['alt'].strip()}]")
        elif tag in ("ul", "ol"):
            start = given.get("start", "1")
            self.lists.append((int(start) if re.fullmatch(r"[1-9]\d{0,5}", start) else 1) if tag == "ol" else 0)
        elif tag == "li":
            self.begin_item()
        elif tag == "tr":
            self.row_start = self.cell_start = len(self.lines)
        elif tag in ("td", "th"):
            self.begin_cell()
        elif tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block(tag)
        if tag == "p" and self.tight:
            self.tight.pop()
        elif tag == "a" and self.links:
            self.end_link(*self.links.pop())
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        elif tag == "pre":
            self.preformatted = max(0, self.preformatted - 1)

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            first, *rest = data.split("\n")
            self.line.append(first)
            for each in rest:
                self.break_line()
                self.line.append(each)
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if text == " " and (not self.line or self.line[-1].endswith(" ")):
            return
        self.line.append(text)
        self.glued = self.glued and not text.strip(" ")

    def end_block(self, tag: str) -> None:
        self.end_line()
        if tag == "p" and self.tight and self.tight[-1]:
            return
        self.gap = self.gap or (tag in _PARAGRAPHS and not (self.lists and tag in ("ul", "ol")))

    def end_line(self) -> None:
        """Finish the line if there is something on it; a non-breaking space alone is a deliberate blank line."""
        if not self.glued and "".join(self.line).strip(" "):
            self.break_line()

    def break_line(self) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.preformatted else re.sub(r"(?<=\S) +", " ", text).strip()
        quotes = min(self.quotes, _MAX_QUOTES)
        if self.gap and text and self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" * min(quotes, self.quotes_above))
        self.gap = self.gap and not text
        self.lines.append(("> " * quotes + text).rstrip())
        self.quotes_above = quotes
        self.line, self.glued = [], False

    def begin_item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        if self.lists and number:
            self.lists[-1] += 1
        indent = "  " * min(max(0, len(self.lists) - 1), _MAX_QUOTES)
        self.line.append(indent.replace(" ", "\xa0") + (f"{number}. " if number else "- "))
        self.glued = True

    def begin_cell(self) -> None:
        """Put the cell beside the one before it if that had one line only; layout tables keep their lines."""
        self.end_line()
        if len(self.lines) - self.cell_start == 1 and self.lines[-1].strip():
            self.line = [self.lines.pop().lstrip("> "), " | "]
            self.glued = True
        self.cell_start = len(self.lines)

    def end_link(self, address: str, began: int) -> None:
        words = "".join(self.line[began:]).strip()
        if address.startswith(("http://", "https://")) and address.rstrip("/") not in (words, words.rstrip("/")):
            self.line.append(f" ({address})")
