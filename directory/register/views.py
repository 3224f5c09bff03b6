"""The import of the office's register: HTTP in, HTML out."""

from itertools import islice
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.actions import importing
from directory.forms import PlainForm
from directory.models import Client, ClientImport, ClientImportRow
from directory.queries import desks_where, sees_clients
from directory.register import reading as files
from directory.register.columns import FIELDS, LEFT_OUT, guess
from directory.register.entries import masked
from directory.register.reading import Format
from directory.register.words import FIELD_WORDS, change_words, reason_words
from directory.requests import Request
from directory.rights import Right
from directory.views import done, form_page

PAGE = 100
SAMPLE = 4
Fate, State = ClientImportRow.Fate, ClientImport.State


class FileForm(PlainForm):
    PLACES = dict.fromkeys(importing.UNREADABLE, "file")

    file = forms.FileField(label=_("The register's file (CSV or XLSX)"))


class ReadingForm(PlainForm):
    PLACES = dict.fromkeys(importing.UNREADABLE, "encoding")

    encoding = forms.ChoiceField(label=_("Encoding"), choices=[(one, one) for one in files.ENCODINGS])
    separator = forms.ChoiceField(
        label=_("Separator"), choices=((";", _("semicolon")), (",", _("comma")), ("\t", _("tab"))), required=False
    )


class ColumnsForm(PlainForm):
    """Which column holds what."""

    default_kind = forms.ChoiceField(
        label=_("Kind of new clients"), choices=Client.Kind.choices, help_text=_("Where the file does not say it.")
    )

    def __init__(self, *args: Any, source: ClientImport, **options: Any) -> None:
        super().__init__(*args, initial={"default_kind": source.default_kind}, **options)
        choices = [("", _("not taken over")), *((one, FIELD_WORDS[one]) for one in FIELDS)]
        self.columns = [f"column_{number}" for number in range(len(source.fields))]
        for name, field in zip(self.columns, source.fields, strict=True):
            self.fields[name] = forms.ChoiceField(choices=choices, required=False, initial=field)

    @property
    def chosen(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.columns]


def _check_right(request: Request) -> None:
    if not sees_clients(request.user):
        raise Http404
    if not desks_where(request.user, Right.CLIENTS):
        raise PermissionDenied


def _source(request: Request, pk: int) -> ClientImport:
    _check_right(request)
    return get_object_or_404(ClientImport.objects.select_related("by"), pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def imports(request: Request) -> HttpResponse:
    """The imports so far, and the way to begin one."""
    _check_right(request)
    form = FileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    made: list[ClientImport] = []

    def receive() -> None:
        file = form.cleaned_data["file"]
        made.append(importing.receive_register(file.name, file.read(), by=request.user, at=timezone.now()))

    if done(form, receive):
        return redirect("client-import", made[0].pk)
    rows = ClientImport.objects.defer("content").select_related("by").order_by("-uploaded_at", "-pk")[:PAGE]
    return form_page(request, "directory/imports.html", {"form": form, "rows": rows})


@login_required
@require_GET
def one(request: Request, pk: int) -> HttpResponse:
    """An import: its columns, its progress, or every row's fate."""
    source = _source(request, pk)
    part = "#import" if request.htmx else ""
    if source.is_working:
        return render(request, f"directory/import.html{part}", {"source": source})
    if source.state == State.MAPPED or ("columns" in request.GET and source.state == State.CHECKED):
        return _columns_page(request, source, _reading_form(source), ColumnsForm(source=source))
    return render(request, f"directory/import.html{part}", _result_facts(source, request))


def _reading_form(source: ClientImport) -> ReadingForm:
    return ReadingForm(initial={"encoding": source.encoding, "separator": source.separator})


def _columns_page(request: Request, source: ClientImport, how: ReadingForm, columns: ColumnsForm) -> HttpResponse:
    """Show the first rows under what their columns are taken for."""
    table = files.rows(bytes(source.content), Format(source.encoding, source.separator))
    first = list(islice(table, source.header, source.header + 1 + SAMPLE))
    width = range(len(source.fields))
    cells = [[row[number] if number < len(row) else "" for number in width] for row in first]
    titles = cells[0] if cells else [""] * len(source.fields)
    hidden = [field == LEFT_OUT for field in guess(titles)]
    shown = [
        (columns[name], titles[number], [] if hidden[number] else _samples(cells, number))
        for number, name in enumerate(columns.columns)
    ]
    facts = {"source": source, "how": how, "form": columns, "columns": shown, "is_sheet": source.encoding == files.XLSX}
    return form_page(request, "directory/import_columns.html", facts)


def _samples(cells: list[list[str]], column: int) -> list[str]:
    return [masked(row[column]) for row in cells[1:] if row[column]]


def _result_facts(source: ClientImport, request: Request) -> dict[str, Any]:
    fates = [(fate, label, source.counts.get(fate, 0)) for fate, label in Fate.choices]
    fate = request.GET.get("fate") or next((one for one, _label, count in fates if count), Fate.NEW)
    found = source.rows.filter(fate=fate).order_by("number", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [
        (
            row,
            [change_words(name, old, new) for name, (old, new) in row.changes.items()],
            [reason_words(code, about) for code, about in row.reasons],
        )
        for row in page.object_list
    ]
    return {"source": source, "fates": fates, "fate": fate, "page": page, "rows": rows}


@login_required
@require_POST
def reading(request: Request, pk: int) -> HttpResponse:
    """Read the file in another way."""
    source = _source(request, pk)
    form = ReadingForm(request.POST)

    def read_anew() -> None:
        importing.read_anew(source, Format(form.cleaned_data["encoding"], form.cleaned_data["separator"]))

    if done(form, read_anew):
        return redirect("client-import", source.pk)
    return _columns_page(request, source, form, ColumnsForm(source=source))


@login_required
@require_POST
def comparison(request: Request, pk: int) -> HttpResponse:
    """The columns are said: compare every row."""
    source = _source(request, pk)
    form = ColumnsForm(request.POST, source=source)
    if done(form, lambda: importing.compare_register(source, form.chosen, form.cleaned_data["default_kind"])):
        return redirect("client-import", source.pk)
    return _columns_page(request, source, _reading_form(source), form)


@login_required
@require_POST
def application(request: Request, pk: int) -> HttpResponse:
    """Carry the import out."""
    importing.apply_register(_source(request, pk), by=request.user)
    return redirect("client-import", pk)
