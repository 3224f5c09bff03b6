"""A letter's cleaned HTML made ready for its frame: its own pictures in place, each link with its true target.

What it is given came from `contact.email.sanitise`: there every "<" and ">" outside a tag is an entity, so that tags can
be told from text by looking.
"""

import re
import unicodedata
from collections.abc import Mapping
from html import escape, unescape
from urllib.parse import unquote

import idna
from django.utils.translation import gettext as _

_TOKENS = re.compile(r"(<[^>]*>)")
_TAG = re.compile(r"<(/?)([a-z0-9]+)")
_HREF = re.compile(r' href="([^"]*)"')
_CID = re.compile(r' src="cid:([^"]*)"', re.IGNORECASE)
_REMOTE = re.compile(r' data-remote-src="([^"]*)"')
_AUTHORITY = re.compile(r"(?:https?:)?//+([^/?#]*)", re.IGNORECASE)
_NAMED = re.compile(r"(?:https?://|www\.)[^\s<>\"'(),;]+|[^\s<>\"'(),;@]+@[\w.-]+", re.IGNORECASE)
_BARE = re.compile(r"(?:[^\W_][\w-]*\.)+([^\W\d_]{2,24})\.?(?:[/?#:].*)?", re.DOTALL)
# "Parskats.pdf" as a link's text is a file, not a host.
_FILES = {"pdf", "doc", "docx", "xls", "xlsx", "odt", "ods", "txt", "csv", "xml", "edoc", "asice", "jpg", "png", "html"}


def framed(html: str, own_pictures: Mapping[str, str], *, remote_pictures: bool) -> str:
    """Return `html` for the frame.

    `own_pictures` maps the content ids of the mail's own pictures, lower case and without brackets, to their addresses.
    """
    made: list[str] = []
    links: list[tuple[str, list[str]]] = []  # the links that are open: where each leads, and what it says so far
    for token in _TOKENS.split(html):
        tag = _TAG.match(token)
        if tag is None:
            for _target, said in links:
                said.append(token)
        elif tag[2] == "img":
            token = _with_picture(token, own_pictures, remote_pictures=remote_pictures)
        elif tag[2] == "a" and not tag[1]:
            href = _HREF.search(token)
            links.append((unescape(href[1]) if href else "", []))
        elif tag[2] == "a" and links:
            target, said = links.pop()
            token += _told(target, unescape("".join(said)))
        made.append(token)
    return "".join(made)


def picture_hosts(html: str) -> list[str]:
    """Return the hosts from which the letter would load pictures, each once."""
    addresses = (unescape(found) for found in _REMOTE.findall(html))
    return list(dict.fromkeys(host for address in addresses if (host := host_of(address))))


def host_of(address: str) -> str:
    """Return the host that a browser would ask, in its ASCII form; "" if the address names none."""
    # As browsers do: these signs are dropped, "\" is "/", and what stands before "@" is no host.
    found = _AUTHORITY.match(re.sub(r"[\t\r\n]", "", address).strip().replace("\\", "/"))
    host = unquote(re.sub(r":\d*$", "", found[1].rpartition("@")[2])) if found else ""
    try:
        return idna.encode(host, uts46=True).decode() if host else ""
    except idna.IDNAError:
        return host.lower()


def host_words(host: str) -> str:
    """Return the host as people read it; one with signs of other alphabets in both its forms."""
    if "xn--" not in host:
        return host
    try:
        return f"{host} ({idna.decode(host)})"
    except idna.IDNAError:
        return host


def _with_picture(tag: str, own_pictures: Mapping[str, str], *, remote_pictures: bool) -> str:
    cid = _CID.search(tag)
    if cid is not None:
        name = unquote(unescape(cid[1])).lower()
        return tag.replace(cid[0], f' src="{escape(own_pictures.get(name, ""))}"')
    remote = _REMOTE.search(tag) if remote_pictures else None
    if remote is not None:
        address = re.sub(r"^(?:https?:)?//", "https://", unescape(remote[1]), flags=re.IGNORECASE)
        return tag.replace(remote[0], f' src="{escape(address)}" referrerpolicy="no-referrer" loading="lazy"')
    return tag


def _told(target: str, text: str) -> str:
    """Return what stands after a link: where it leads, unless its text says just that; a warning if it says another."""
    is_mail = target.lower().startswith("mailto:")
    place = unquote(target[7:].partition("?")[0]).strip().lower() if is_mail else host_of(target)
    if not place:
        return ""
    named = _named_in(text, of_mail=is_mail)
    words = f'<bdi dir="ltr">{escape(place if is_mail else host_words(place))}</bdi>'
    if all(_is_of(place, one) for one in named):
        return "" if named else f'<small class="to">→\u00a0{words}</small>'
    return f'<strong class="to to-other">⚠\u00a0{_("leads to %(place)s") % {"place": words}}</strong>'


def _named_in(text: str, *, of_mail: bool) -> set[str]:
    """Return the hosts, or the mail addresses, that a reader would take the text to lead to."""
    # Signs without a width would hide an address from us, not from the reader.
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()
    named = {found.rstrip(".").lower() for found in _NAMED.findall(seen)}
    bare = _BARE.fullmatch(seen)
    if bare is not None and bare[1].lower() not in _FILES:
        named.add(seen.lower())
    return {host for one in named if (host := one if "@" in one and of_mail else _host_named(one))}


def _host_named(word: str) -> str:
    """Return the host of an address that was written with or without its https://, or of a mail address."""
    host = host_of(word if "//" in word else f"//{word}")
    return host.removeprefix("www.")


def _is_of(place: str, named: str) -> bool:
    """Tell whether `named` is the place, or a name to which the place belongs."""
    return place == named or place.endswith((f".{named}", f"@{named}"))
