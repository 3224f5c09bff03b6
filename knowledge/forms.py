"""Parse and clean one request; nothing is written here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from directory.models import Desk, Employee
from knowledge.actions.articles import ArticleFields
from knowledge.actions.wording import MacroFields, TemplateFields, TermFields
from knowledge.models import Macro, Template
from knowledge.queries import templates_of, topics_of


class DeskForm(forms.Form):
    """A form about something of a desk. `PLACES` says by which field a refusal of the business stands, by its code."""

    PLACES: Mapping[str, str] = {}

    def __init__(self, *args: Any, desk: Desk, **options: Any) -> None:
        super().__init__(*args, **options)
        self.desk = desk
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        for name, rows in self.rows_of(desk).items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def rows_of(self, desk: Desk) -> dict[str, QuerySet[Any]]:
        """Return what may be chosen in each field that chooses among rows."""
        return {}


def row_field(label: Any, **options: Any) -> "forms.ModelChoiceField[Any]":
    """Return a choice among rows; the form gives it those of its desk."""
    return forms.ModelChoiceField(queryset=None, label=label, **options)


def position_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Place in the list"),
        min_value=0,
        max_value=999,
        initial=100,
        help_text=_("Smaller numbers come first."),
    )


class TemplateForm(DeskForm):
    PLACES = {"name_taken": "name", "placeholder_unknown": "body"}

    name = forms.CharField(label=_("Name in the list"), max_length=150)
    use = forms.ChoiceField(label=_("Used for"), choices=Template.Use.choices)
    topic = row_field(_("Topic"), required=False, empty_label=_("any topic"))
    body = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 14}))
    position = position_field()
    is_active = forms.BooleanField(label=_("offered beside the reply"), required=False, initial=True)

    def rows_of(self, desk: Desk) -> dict[str, QuerySet[Any]]:
        return {"topic": topics_of(desk)}

    def typed(self) -> TemplateFields:
        return TemplateFields(**self.cleaned_data)


class MacroForm(DeskForm):
    PLACES = {"name_taken": "name"}

    name = forms.CharField(label=_("Name in the list"), max_length=150)
    template = row_field(_("Template"))
    topic = row_field(_("Topic that the ticket gets"), required=False, empty_label=_("leave it as it is"))
    mark = forms.ChoiceField(label=_("Mark once the reply has left"), choices=Macro.Mark.choices, required=False)
    position = position_field()
    is_active = forms.BooleanField(label=_("offered beside the reply"), required=False, initial=True)

    def rows_of(self, desk: Desk) -> dict[str, QuerySet[Any]]:
        return {"topic": topics_of(desk), "template": templates_of(desk)}

    def typed(self) -> MacroFields:
        return MacroFields(**self.cleaned_data)


class TermForm(DeskForm):
    PLACES = {"name_taken": "word"}

    word = forms.CharField(
        label=_("Term"), max_length=100, help_text=_("In the nominative; other endings are found by themselves.")
    )
    explanation = forms.CharField(
        label=_("Plain explanation"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One sentence that stands in brackets after the term."),
    )
    source = forms.CharField(label=_("Source"), max_length=200, required=False)
    is_checked = forms.BooleanField(
        label=_("the reply check asks for an explanation where it is missing"), required=False, initial=True
    )

    def typed(self) -> TermFields:
        return TermFields(**self.cleaned_data)


class ArticleForm(DeskForm):
    PLACES = {"review_date_past": "review_on"}

    title = forms.CharField(
        label=_("Title"), max_length=200, required=False, help_text=_("Left empty, the first line of the question.")
    )
    question = forms.CharField(label=_("Question"), max_length=5_000, widget=forms.Textarea(attrs={"rows": 4}))
    answer = forms.CharField(label=_("Answer"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 12}))
    topic = row_field(_("Topic"), required=False, empty_label=_("no topic"))
    owner = row_field(_("Who answers for it"), help_text=_("Who answers for it being right."))
    review_on = forms.DateField(
        label=_("Look at it again on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def rows_of(self, desk: Desk) -> dict[str, QuerySet[Any]]:
        owners = Employee.objects.filter(desks=desk).distinct().order_by("last_name", "first_name")
        return {"topic": topics_of(desk), "owner": owners}

    def typed(self) -> ArticleFields:
        return ArticleFields(**self.cleaned_data)


# Those whose `typed()` says what was typed, as the action wants it.
EditForm = TemplateForm | MacroForm | TermForm | ArticleForm


class ReviewForm(forms.Form):
    review_on = forms.DateField()


class SearchForm(forms.Form):
    """What the list of articles is narrowed by. What makes no sense narrows nothing."""

    SHOWN = (("", _("In use")), ("due", _("To be looked at")), ("retired", _("Retired")))

    q = forms.CharField(max_length=200, required=False)
    show = forms.ChoiceField(choices=SHOWN, required=False)


class CheckForm(forms.Form):
    """A letter to be checked, as it stands in a composer. `files` are the names of what is attached."""

    text = forms.CharField(max_length=100_000, required=False, strip=False)
    subject = forms.CharField(max_length=1_000, required=False)
    earlier = forms.CharField(max_length=100_000, required=False)
    is_notice = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        """Return the text with the line ends that the field itself counts by."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


def initial_of(row: Model, form: type[DeskForm]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in form.base_fields}


def a_year_after(today: date) -> date:
    """Return the day on which an article made today is looked at again unless a person chooses another."""
    return today.replace(year=today.year + 1, day=min(today.day, 28))
