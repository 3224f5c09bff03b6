"""What the office knows: HTTP in, HTML out."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.models import Desk
from directory.queries import desks_visible_to, get_desk_for, is_allowed
from directory.requests import Request
from directory.rights import Right
from helpdesk.errors import DomainError
from knowledge import actions, pages
from knowledge.forms import (
    ArticleForm,
    CheckForm,
    EditForm,
    MacroForm,
    ReviewForm,
    SearchForm,
    TemplateForm,
    TermForm,
    a_year_after,
    initial_of,
)
from knowledge.models import Article, GlossaryTerm, Macro, Template
from knowledge.queries import (
    due_for_review,
    facts_for_check,
    get_article_for,
    macros_of,
    templates_of,
    terms_of,
    today_of,
)
from knowledge.reply_check import check

PER_PAGE = 50
BOTH = ["GET", "POST"]


def _desk(request: Request, to: Right = Right.READ) -> Desk:
    return get_desk_for(request.user, request.GET.get("desk", ""), to=to)


def _shell(request: Request, desk: Desk) -> dict[str, Any]:
    """Return what every page shows: the other desks, and what one may change."""
    desks = list(desks_visible_to(request.user))
    return {
        "desk": desk,
        "desks": desks if len(desks) > 1 else [],
        "query": f"?desk={desk.code}" if len(desks) > 1 else "",
        "can_word": is_allowed(request.user, Right.WORDING, desk.pk),
        "can_write": is_allowed(request.user, Right.ARTICLES, desk.pk),
        "can_approve": is_allowed(request.user, Right.APPROVE, desk.pk),
    }


def _posted(request: Request) -> Any:
    return request.POST if request.method == "POST" else None


def _edit(
    request: Request, form: EditForm, save: Callable[[Any], object], page: str, done: str, **facts: Any
) -> HttpResponse:
    """Show the form, or save what was typed and go on; a refusal of the business stands by its field."""
    if request.method == "POST" and form.is_valid():
        try:
            save(form.typed())
        except DomainError as refused:
            form.add_error(form.PLACES.get(refused.code), str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect(done)
    facts |= {**_shell(request, form.desk), "form": form, "back": done}
    return render(request, page, facts, status=422 if request.method == "POST" else 200)


def _list_of(request: Request, name: str, desk: Desk) -> str:
    return reverse(name) + str(_shell(request, desk)["query"])


# --- Articles --------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def articles(request: Request) -> HttpResponse:
    """The articles of the desk: in use, to be looked at, retired; searched by their words.  (S-12)"""
    desk = _desk(request)
    form = SearchForm(request.GET)
    form.is_valid()
    show, query = form.cleaned_data.get("show", ""), form.cleaned_data.get("q", "")
    today = today_of(desk, timezone.now())
    found = pages.shown_articles(desk, show, query, today=today)
    facts = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "due": due_for_review(desk, today).count(),
        "show": show,
        "q": query,
        "today": today,
    }
    return render(request, "knowledge/articles.html", {**facts, **_shell(request, desk)})


@login_required
@require_GET
def article(request: Request, pk: int) -> HttpResponse:
    found = get_article_for(request.user, pk)
    today = today_of(found.desk, timezone.now())
    facts = {"article": found, "is_due": found.review_on <= today, "next_review": a_year_after(today)}
    return render(request, "knowledge/article.html", {**facts, **_shell(request, found.desk)})


@login_required
@require_http_methods(BOTH)
def new_article(request: Request) -> HttpResponse:
    """An article written by hand; one from a ticket's answer is made by `make_article` at once."""
    desk, now = _desk(request, Right.ARTICLES), timezone.now()
    initial = {"owner": request.user.employee, "review_on": a_year_after(today_of(desk, now))}
    form = ArticleForm(_posted(request), desk=desk, initial=initial)

    def save(typed: Any) -> None:
        actions.make_article(desk, typed, ticket_id=None, by=request.user, at=now)

    return _edit(request, form, save, "knowledge/article_form.html", _list_of(request, "articles", desk))


@login_required
@require_http_methods(BOTH)
def article_change(request: Request, pk: int) -> HttpResponse:
    found = _article(request, pk, Right.ARTICLES)
    form = ArticleForm(_posted(request), desk=found.desk, initial=initial_of(found, ArticleForm))

    def save(typed: Any) -> None:
        actions.change_article(found, typed, by=request.user, at=timezone.now())

    done = reverse("article", args=[pk])
    return _edit(request, form, save, "knowledge/article_form.html", done, article=found)


@login_required
@require_POST
def approval(request: Request, pk: int) -> HttpResponse:
    actions.approve_article(_article(request, pk, Right.APPROVE), by=request.user, at=timezone.now())
    messages.success(request, _("The article is approved."))
    return redirect("article", pk)


@login_required
@require_POST
def retirement(request: Request, pk: int) -> HttpResponse:
    actions.retire_article(_article(request, pk, Right.ARTICLES), by=request.user, at=timezone.now())
    messages.success(request, _("The article is retired."))
    return redirect("article", pk)


@login_required
@require_POST
def review(request: Request, pk: int) -> HttpResponse:
    """That the article was looked at and still holds."""
    found, form = _article(request, pk, Right.ARTICLES), ReviewForm(request.POST)
    if form.is_valid():
        review_on = form.cleaned_data["review_on"]
        actions.review_article(found, review_on=review_on, by=request.user, at=timezone.now())
        messages.success(request, _("Recorded: the article still holds."))
    else:
        messages.error(request, _("Choose the day on which it is looked at again."))
    return redirect("article", pk)


def _article(request: Request, pk: int, right: Right) -> Article:
    found = get_article_for(request.user, pk)
    if not is_allowed(request.user, right, found.desk_id):
        raise PermissionDenied
    return found


# --- Templates and macros --------------------------------------------------------------------------------------------


@login_required
@require_GET
def templates(request: Request) -> HttpResponse:
    desk = _desk(request)
    facts = {"rows": pages.template_rows(templates_of(desk)), **_shell(request, desk)}
    return render(request, "knowledge/templates.html", facts)


@login_required
@require_http_methods(BOTH)
def new_template(request: Request) -> HttpResponse:
    desk = _desk(request, Right.WORDING)
    form = TemplateForm(_posted(request), desk=desk)

    def save(typed: Any) -> None:
        actions.enter_template(desk, typed, by=request.user, at=timezone.now())

    done = _list_of(request, "templates", desk)
    return _edit(request, form, save, "knowledge/template_form.html", done, places=pages.places())


@login_required
@require_http_methods(BOTH)
def template(request: Request, pk: int) -> HttpResponse:
    found: Template = _of_a_desk(request, Template, pk)
    form = TemplateForm(_posted(request), desk=found.desk, initial=initial_of(found, TemplateForm))

    def save(typed: Any) -> None:
        actions.change_template(found, typed, by=request.user, at=timezone.now())

    done = _list_of(request, "templates", found.desk)
    facts = {"places": pages.places(), "row": found}
    return _edit(request, form, save, "knowledge/template_form.html", done, **facts)


@login_required
@require_GET
def macros(request: Request) -> HttpResponse:
    desk = _desk(request)
    return render(request, "knowledge/macros.html", {"rows": macros_of(desk), **_shell(request, desk)})


@login_required
@require_http_methods(BOTH)
def new_macro(request: Request) -> HttpResponse:
    desk = _desk(request, Right.WORDING)
    form = MacroForm(_posted(request), desk=desk)

    def save(typed: Any) -> None:
        actions.enter_macro(desk, typed, by=request.user, at=timezone.now())

    return _edit(request, form, save, "knowledge/macro_form.html", _list_of(request, "macros", desk))


@login_required
@require_http_methods(BOTH)
def macro(request: Request, pk: int) -> HttpResponse:
    found: Macro = _of_a_desk(request, Macro, pk)
    form = MacroForm(_posted(request), desk=found.desk, initial=initial_of(found, MacroForm))

    def save(typed: Any) -> None:
        actions.change_macro(found, typed, by=request.user, at=timezone.now())

    done = _list_of(request, "macros", found.desk)
    return _edit(request, form, save, "knowledge/macro_form.html", done, row=found)


# --- Glossary --------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def glossary(request: Request) -> HttpResponse:
    desk = _desk(request)
    return render(
        request, "knowledge/glossary.html", {"rows": pages.glossary_rows(terms_of(desk)), **_shell(request, desk)}
    )


@login_required
@require_http_methods(BOTH)
def new_term(request: Request) -> HttpResponse:
    desk = _desk(request, Right.WORDING)
    form = TermForm(_posted(request), desk=desk)

    def save(typed: Any) -> None:
        actions.enter_term(desk, typed, by=request.user, at=timezone.now())

    return _edit(request, form, save, "knowledge/term_form.html", _list_of(request, "glossary", desk))


@login_required
@require_http_methods(BOTH)
def term(request: Request, pk: int) -> HttpResponse:
    found: GlossaryTerm = _of_a_desk(request, GlossaryTerm, pk)
    form = TermForm(_posted(request), desk=found.desk, initial=initial_of(found, TermForm))

    def save(typed: Any) -> None:
        actions.change_term(found, typed, by=request.user, at=timezone.now())

    done = _list_of(request, "glossary", found.desk)
    return _edit(request, form, save, "knowledge/term_form.html", done, row=found)


@login_required
@require_POST
def term_removal(request: Request, pk: int) -> HttpResponse:
    found: GlossaryTerm = _of_a_desk(request, GlossaryTerm, pk)
    actions.remove_term(found, by=request.user, at=timezone.now())
    messages.success(request, _("“%(word)s” was taken out of the glossary.") % {"word": found.word})
    return redirect(_list_of(request, "glossary", found.desk))


def _of_a_desk(request: Request, model: Any, pk: int) -> Any:
    """Return a row that the person may change. Http404 if unseen, PermissionDenied if only seen."""
    found = get_object_or_404(model.objects.select_related("desk"), pk=pk, desk__in=desks_visible_to(request.user))
    if not is_allowed(request.user, Right.WORDING, found.desk_id):
        raise PermissionDenied
    return found


# --- The reply check -------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(BOTH)
def reply_check(request: Request) -> HttpResponse:
    """What to look at in a letter, as a page and as the fragment that a composer asks for.  (E-I.5)"""
    desk = _desk(request)
    form = CheckForm(_posted(request))
    facts: dict[str, Any] = {"is_checked": form.is_valid(), "rows": []}
    if form.is_valid():
        letter = form.cleaned_data
        known = facts_for_check(desk, request.user.employee, earlier=letter["earlier"], is_notice=letter["is_notice"])
        # Names only: the files themselves come with the reply. A composer sends its subject, this page has none.
        names = [name for name in request.POST.getlist("files") if name]
        subject = letter["subject"] if "subject" in request.POST else "-"
        found = check(letter["text"], subject=subject, attachments=names, facts=known)
        facts |= {"rows": pages.finding_rows(found, letter["text"]), **letter}
    part = "#findings" if request.htmx else ""
    return render(request, f"knowledge/check.html{part}", {**facts, **_shell(request, desk)})
