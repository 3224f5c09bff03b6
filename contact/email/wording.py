"""A reply as it leaves: its text, the client's words below it as history, and the same in HTML.  Pure but for rows.

What goes to a client is Latvian whatever its writer reads. The HTML holds no remote content and no markup of the client.
"""

from zoneinfo import ZoneInfo

from django.utils.html import escape, linebreaks, urlize

from tickets.models import Message

# The client has their own letter; what we repeat of it must not make ours heavy.
MOST_HISTORY = 20_000
STYLE = "font-family:'Segoe UI',Calibri,Arial,sans-serif;font-size:11pt;color:#15211d"
QUOTED = "margin:0;padding-left:12px;border-left:2px solid #b9c5bf;color:#42504a"


def plain(message: Message, tz: ZoneInfo) -> str:
    """Return the reply as text: what was written, the signature, and the answered letter with "> " before each line."""
    history = _history(message)
    if not history:
        return message.text
    quoted = "\n".join(f"> {line}".rstrip() for line in history.split("\n"))
    return f"{message.text.rstrip()}\n\n{_attribution(message, tz)}\n{quoted}\n"


def html(message: Message, tz: ZoneInfo) -> str:
    """Return the same as HTML. The links of our own words can be followed; the client's are only words."""
    written = _formed(message) or linebreaks(urlize(message.text.strip(), autoescape=True))
    history = _history(message)
    quoted = ""
    if history:
        cited = f'<blockquote type="cite" style="{QUOTED}">{linebreaks(history, autoescape=True)}</blockquote>'
        quoted = f'\n<div class="history"><p>{escape(_attribution(message, tz))}</p>\n{cited}</div>'
    head = f'<meta charset="utf-8"><title>{escape(message.subject)}</title>'
    body = f'<body style="{STYLE}">\n{written}{quoted}\n</body>'
    return f'<!DOCTYPE html>\n<html lang="lv"><head>{head}</head>\n{body}</html>\n'


def _formed(message: Message) -> str:
    """Return what was written in the editor, with the signature below; "" if it has no marks of form.

    Its lines are paragraphs: mail programs would part them by an empty line each.
    """
    if not message.html:
        return ""
    signed = message.text.strip().removeprefix(message.reply.strip()).strip()
    lines = message.html.replace("<p>", '<p style="margin:0">')
    return f'{lines}\n<p style="margin:0"><br></p>\n{linebreaks(urlize(signed, autoescape=True))}'


def _history(message: Message) -> str:
    answered = message.answered
    return (answered.reply or answered.text).strip()[:MOST_HISTORY] if answered else ""


def _attribution(message: Message, tz: ZoneInfo) -> str:
    answered = message.answered
    assert answered is not None
    at = answered.at.astimezone(tz)
    name = " ".join(answered.sender_name.split())
    who = f"{name} <{answered.sender_address}>" if name else f"<{answered.sender_address}>"
    return f"{at.day}.{at.month:02}.{at.year}. plkst. {at.hour}.{at.minute:02} {who} rakstīja:"
