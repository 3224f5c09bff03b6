"""What is written in the editor: a few marks of form, cleaned, and the same as plain text.  Pure."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nh3

# Less than a client's letter may hold: what the editor can make, and nothing that could load or run.
TAGS = {"p", "br", "strong", "em", "u", "s", "a", "ul", "ol", "li", "blockquote"}
MOST = 200_000


def clean_written(html: str) -> str:
    """Return the HTML of the editor with its own marks only; "" if it is no more than lines of text."""
    cleaned = nh3.clean(
        html.replace("&nbsp;", " ")[:MOST],
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        clean_content_tags={"script", "style"},
    )
    cleaned = re.sub(r"<p>\s*</p>", "<p><br></p>", cleaned).strip()
    return cleaned if set(re.findall(r"<(\w+)", cleaned)) - {"p", "br"} else ""


def plain_of(html: str) -> str:
    """Return cleaned HTML as text: lists with a dash or a number, quotes with ">", links with their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "\n".join(line.rstrip() for line in reader.lines).strip()


@dataclass
class _List:
    is_numbered: bool
    number: int = 0

    def mark(self) -> str:
        self.number += 1
        return f"{self.number}. " if self.is_numbered else "- "


@dataclass
class _Link:
    target: str
    said: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads what `clean_written` left: every tag is closed, lists do not nest deeply."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.lists: list[_List] = []
        self.links: list[_Link] = []
        self.quotes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self.lists.append(_List(tag == "ol"))
        elif tag == "blockquote":
            self.quotes += 1
            self._begin()
        elif tag == "li":
            self._begin("  " * (len(self.lists) - 1) + (self.lists[-1].mark() if self.lists else "- "))
        elif tag == "p":
            self._begin()
        elif tag == "a":
            self.links.append(_Link(dict(attrs).get("href") or ""))
        elif tag == "br" and self.lines and self.lines[-1]:
            self._begin()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag == "blockquote":
            self.quotes -= 1
        elif tag == "a" and self.links:
            link = self.links.pop()
            target = link.target.removeprefix("mailto:")
            if target and target.rstrip("/") not in "".join(link.said):
                self._say(f" ({target})")

    def handle_data(self, data: str) -> None:
        self._say(data)

    def _begin(self, mark: str = "") -> None:
        self.lines.append("> " * self.quotes + mark)

    def _say(self, words: str) -> None:
        if not self.lines:
            self._begin()
        self.lines[-1] += words
        for link in self.links:
            link.said.append(words)
