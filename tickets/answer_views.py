"""Earlier answers beside a reply, and a good reply made an article: HTTP in, HTML out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from directory.queries import is_allowed
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from knowledge.actions import make_article
from knowledge.forms import ArticleForm, a_year_after
from knowledge.queries import today_of
from tickets.models import Message
from tickets.queries import get_message_for, get_ticket_for
from tickets.similar import earlier_answers
from tickets.transitions import Act, is_possible


@login_required
@require_GET
def similar(request: Request, number: str) -> HttpResponse:
    """Articles and earlier replies like the client's letter, or those that have the words of `q`.  (S-5.2, E-I.3)"""
    found, query = get_ticket_for(request.user, number), request.GET.get("q", "").strip()[:200]
    into = "draft-text" if request.GET.get("into") == "draft-text" else "reply"
    can_reply = is_allowed(request.user, Right.WORK, found.desk_id) and is_possible(found.state, Act.REPLY)
    facts = {
        "ticket": found,
        "q": query,
        "rows": earlier_answers(found, query, to=request.user),
        "into": into,
        "can_insert": can_reply or into == "draft-text",
    }
    return render(request, f"tickets/similar.html{'#similar' if request.htmx else ''}", facts)


@login_required
@require_http_methods(["GET", "POST"])
def article(request: Request, number: str, message_pk: int) -> HttpResponse:
    """Make an article of a reply: the question, the answer and who answers for it stand there already.  (S-12)"""
    message, now = get_message_for(request.user, number, message_pk), timezone.now()
    desk = message.ticket.desk
    if not is_allowed(request.user, Right.ARTICLES, desk.pk):
        raise PermissionDenied
    if message.kind != Message.Kind.OUTGOING:
        raise Http404
    asked = message.answered
    initial = {
        "title": message.ticket.subject[:200],
        "question": (asked.reply or asked.text).strip() if asked else "",
        "answer": message.reply or message.text,
        "topic": message.ticket.topic,
        "owner": message.author or request.user.employee,
        "review_on": a_year_after(today_of(desk, now)),
    }
    form = ArticleForm(request.POST if request.method == "POST" else None, desk=desk, initial=initial)
    if form.is_valid():
        try:
            made = make_article(desk, form.typed(), ticket_id=message.ticket_id, by=request.user, at=now)
        except DomainError as refused:
            form.add_error(form.PLACES.get(refused.code), str(refused))
        else:
            messages.success(request, _("The article was made; it is offered beside replies from now on."))
            return redirect("article", made.pk)
    back = f"{reverse('ticket', args=[number])}#message-{message_pk}"
    status = 422 if request.method == "POST" else 200
    return render(request, "knowledge/article_form.html", {"form": form, "back": back, "query": ""}, status=status)
