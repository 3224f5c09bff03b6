"""A client's letter as it came: its formatted text in a sandboxed frame, its files as downloads."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from directory.requests import Request
from tickets import files
from tickets.actions import checking
from tickets.frames import framed
from tickets.kinds import PICTURES
from tickets.models import Attachment, DraftFile, Message
from tickets.queries import get_message_for, get_ticket_for

# The frame may show the letter's own pictures, and nothing else: no script, no form, nothing from elsewhere.
POLICY = (
    "default-src 'none'; img-src 'self' data:{pictures}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
STYLE = (
    "body{margin:0;padding:12px;font:16px/1.5 'Segoe UI','Noto Sans',sans-serif;color:#15211d;background:#fff;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}"
    ".to{margin-inline:.25em;padding:0 .3em;border-radius:3px;background:#ebefed;color:#42504a;font:600 13px/1.4 "
    "'Segoe UI','Noto Sans',sans-serif;text-decoration:none}.to-other{background:#fff0b3;color:#15211d}"
)


@login_required
@require_GET
@xframe_options_sameorigin
def letter(request: Request, number: str, message_pk: int) -> HttpResponse:
    """The formatted text of a letter, for a sandboxed frame; with `?pictures=1` also its pictures from elsewhere."""
    message = get_message_for(request.user, number, message_pk)
    is_asked = request.GET.get("pictures") == "1"
    head = f"<!doctype html><html lang='lv'><meta charset='utf-8'><title>{escape(message.subject)}</title>"
    body = framed(message.html, _own_pictures(message), remote_pictures=is_asked)
    answer = HttpResponse(f"{head}<style>{STYLE}</style><body>{body}</body></html>")
    answer.headers["Content-Security-Policy"] = POLICY.format(pictures=" https:" if is_asked else "")
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-DNS-Prefetch-Control"] = "off"  # not even the names of its links are looked up
    return answer


def _own_pictures(message: Message) -> dict[str, str]:
    return {
        one.content_id.strip("<>").lower(): reverse("attachment", args=[message.ticket.number, one.pk]) + "?show=1"
        for one in message.attachments.all()
        if one.content_id and one.real_type in PICTURES and one.is_given_out
    }


@login_required
@require_GET
def attachment(request: Request, number: str, attachment_pk: int) -> FileResponse:
    """A file as a download; a picture also to be shown in place."""
    ticket = get_ticket_for(request.user, number)
    found = Attachment.objects.filter(pk=attachment_pk, message__ticket=ticket).first()
    if found is None:
        raise Http404
    checking.check_given_out(found)
    return download(found, shown_as=found.real_type if "show" in request.GET and found.real_type in PICTURES else "")


def download(file: Attachment | DraftFile, *, shown_as: str = "") -> FileResponse:
    """Return a stored file as a download, or as a picture to be shown in place, of the type `shown_as`. Http404 if lost."""
    path = files.path_of(file.sha256)
    if not path.exists():
        raise Http404
    kind = shown_as or "application/octet-stream"
    answer = FileResponse(path.open("rb"), as_attachment=not shown_as, filename=file.name, content_type=kind)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
