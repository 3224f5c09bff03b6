"""A client's HTML made safe to show: nothing runs, nothing is fetched from elsewhere until asked for.  Pure."""

import re

import nh3

from contact.email.charsets import storable

_TAGS = (nh3.ALLOWED_TAGS - {"area", "article", "aside", "figcaption", "figure", "map", "nav"}) | {"font"}
_CELL = {"align", "valign", "colspan", "rowspan", "width", "height", "bgcolor"}
_ATTRIBUTES = {
    "*": {"title", "dir", "lang", "align", "style"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "font": {"color"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": _CELL,
    "th": _CELL,
}
_STYLES = {"color", "background-color", "font-weight", "font-style", "text-decoration", "text-align"}
_UNSEEN = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
_MAX_LENGTH = 2_000_000
_MAX_DEPTH = 1_000
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]{0,40})")
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
_SHALLOW = _VOID | {"dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr"}
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_OWN_PICTURE = re.compile(r"(?:cid:|data:image/(?:png|gif|jpeg|webp);base64,[\w+/=\s]*\Z)", re.IGNORECASE)
_REMOTE_PICTURE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_IMG = re.compile(r'<img((?: [\w-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
# What could load something, or hide from us what it is.
_ACTIVE_STYLE = re.compile(r"url|image|expression|@|\\|/\*", re.IGNORECASE)


def clean_html(html: str) -> str:
    """Return `html` without scripts, forms, frames and all but a few styles.  (E-I.4)

    Links lead only to http, https and mailto, in a new tab. Pictures of the mail itself (cid:) stay; the address of a
    picture elsewhere is moved to `data-remote-src`, from where a page may put it back when the reader asks.
    """
    cleaned = nh3.clean(
        tame(html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        clean_content_tags=_UNSEEN,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "cid", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    # nh3 writes attributes in one way only, and "<" in text as "&lt;": so this sees tags and nothing else.
    return storable(_IMG.sub(lambda tag: f"<img{_ATTRIBUTE.sub(_unplug, tag[1])}>", cleaned)).strip()


def tame(html: str) -> str:
    """Return `html`, storable and cut to a bearable length; without any tags if it nests absurdly deep.

    The HTML parser below nh3 takes time with the square of the depth: 100,000 open divs were 18 seconds.
    """
    text = storable(html)[:_MAX_LENGTH]
    return re.sub(r"<[^>]*(?:>|\Z)", " ", text) if _nests_too_deep(text) else text


def _nests_too_deep(html: str) -> bool:
    if html.count("<") <= _MAX_DEPTH:
        return False
    opened: dict[str, int] = {}
    depth = 0
    for closing, tag in _TAG.findall(html):
        name = tag.lower()
        if name in _SHALLOW or (closing and not opened.get(name)):
            continue
        step = -1 if closing else 1
        opened[name] = opened.get(name, 0) + step
        depth += step
        if depth > _MAX_DEPTH:
            return True
    return False


def _keep(tag: str, attribute: str, value: str) -> str | None:
    value = value.strip()
    if attribute == "href" and not _LINK.match(value):
        return None
    if attribute == "src" and not (_OWN_PICTURE.match(value) or _REMOTE_PICTURE.match(value)):
        return None
    if attribute == "style":
        return ";".join(one for one in value.split(";") if not _ACTIVE_STYLE.search(one))
    return value


def _unplug(attribute: re.Match[str]) -> str:
    if attribute[1] == "src" and not _OWN_PICTURE.match(attribute[2]):
        return f' data-remote-src="{attribute[2]}"'
    return attribute[0]
