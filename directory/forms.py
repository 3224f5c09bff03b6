"""Parse and clean one request; nothing is written here."""

from collections.abc import Iterable, Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.actions.absences import AbsenceFacts
from directory.actions.clients import ClientFacts, DelegateFacts
from directory.actions.competences import OrderFacts, TopicFacts
from directory.models import Absence, Client, Employee, Role, Topic
from directory.phones import NotAPhone, normalise, spaced
from helpdesk.errors import DomainError

# As many people as a topic may have: the main one and the substitutes.
PLACES = 3


class PlainForm(forms.Form):
    """A form inside the page's own <form>; a refusal of the business is shown at its field."""

    # Where a refusal belongs, by its code; the others stand above the form.
    PLACES: Mapping[str, str] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def refuse(self, refused: DomainError) -> None:
        self.add_error(self.PLACES.get(refused.code), str(refused))


class DayField(forms.DateField):
    """A day; a browser shows it as a calendar in its own language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class PhoneField(forms.CharField):
    """A phone number in any writing; cleaned to E.164."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label=gettext_lazy("Phone"), max_length=40, **options)

    def prepare_value(self, value: Any) -> Any:
        return spaced(value) if isinstance(value, str) and value.startswith("+") and value[1:].isdecimal() else value

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return normalise(text) if text else ""
        except NotAPhone:
            raise forms.ValidationError(_("“%(text)s” is not a phone number.") % {"text": text}) from None


class EmailField(forms.EmailField):
    """An address, in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label=gettext_lazy("E-mail"), max_length=320, **options)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).lower()


class ProfileForm(forms.Form):
    """What stands under a person's replies.  (E-I.6)"""

    helper = FormHelper()
    helper.form_tag = False

    first_name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    last_name = forms.CharField(label=gettext_lazy("Surname"), max_length=100)
    position = forms.CharField(label=gettext_lazy("Position"), max_length=150)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=150, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30)
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages in which they can answer"),
        choices=Employee.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class PersonForm(ProfileForm):
    """What the manager says of a person: the profile, and what they are at the desk."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles at this desk"), choices=Role.Name.choices, widget=forms.CheckboxSelectMultiple
    )


class NewPersonForm(PersonForm):
    email = EmailField(help_text=gettext_lazy("The person signs in with it; the set-up pages give them a password."))
    field_order = ("email",)


class TopicForm(PlainForm):
    PLACES = {"topic_taken": "code"}

    name = forms.CharField(label=gettext_lazy("Name of the topic"), max_length=150)
    code = forms.SlugField(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Latin letters, digits and hyphens.")
    )
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    needs_second_approval = forms.BooleanField(
        label=gettext_lazy("a reply needs the deputy's approval as well"), required=False
    )
    is_retired = forms.BooleanField(label=gettext_lazy("no longer used"), required=False)

    @property
    def facts(self) -> TopicFacts:
        return TopicFacts(**self.cleaned_data)


def person_choices(people: Iterable[Employee]) -> list[tuple[str, str]]:
    return [("", "–"), *((str(one.pk), str(one)) for one in people)]


class OrderForm(PlainForm):
    """An order with a line for each topic: the main employee and the substitutes in order."""

    PLACES = {"order_start_taken": "valid_from"}

    number = forms.CharField(label=gettext_lazy("Number of the order"), max_length=50)
    dated_on = DayField(label=gettext_lazy("Date of the order"))
    valid_from = DayField(label=gettext_lazy("In force from"))
    valid_until = DayField(
        label=gettext_lazy("In force until"),
        required=False,
        help_text=gettext_lazy("Empty: until the next order comes into force."),
    )

    def __init__(self, *args: Any, topics: Iterable[Topic], people: Iterable[Employee], **options: Any) -> None:
        super().__init__(*args, **options)
        self.topics = list(topics)
        choices = person_choices(people)
        labels = [_("Main employee"), _("First substitute"), _("Second substitute")]
        for topic in self.topics:
            for place, label in enumerate(labels[:PLACES]):
                self.fields[f"topic_{topic.pk}_{place}"] = forms.TypedChoiceField(
                    label=f"{topic}: {label}", choices=choices, coerce=int, empty_value=None, required=False
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("valid_until") and cleaned.get("valid_from") and cleaned["valid_until"] < cleaned["valid_from"]:
            self.add_error("valid_until", _("The last day is before the first."))
        for topic in self.topics:
            people = [cleaned.get(f"topic_{topic.pk}_{place}") for place in range(PLACES)]
            named = [one for one in people if one]
            if named and not people[0]:
                self.add_error(f"topic_{topic.pk}_0", _("Choose the main employee first."))
            if len(set(named)) < len(named):
                self.add_error(f"topic_{topic.pk}_0", _("One person stands here twice."))
        return cleaned

    def lines(self) -> list[tuple[Topic, list[forms.BoundField]]]:
        """Return the fields of each topic, for the template."""
        return [(topic, [self[f"topic_{topic.pk}_{place}"] for place in range(PLACES)]) for topic in self.topics]

    @property
    def facts(self) -> OrderFacts:
        cleaned = self.cleaned_data
        lines: dict[int, tuple[int, ...]] = {}
        for topic in self.topics:
            people = [cleaned[f"topic_{topic.pk}_{place}"] for place in range(PLACES)]
            lines[topic.pk] = tuple(one for one in people if one)
        lines = {topic_id: people for topic_id, people in lines.items() if people}
        return OrderFacts(cleaned["number"], cleaned["dated_on"], cleaned["valid_from"], cleaned["valid_until"], lines)


def order_initial(facts: OrderFacts) -> dict[str, Any]:
    """Return an order as the form shows it."""
    initial = {name: getattr(facts, name) for name in ("number", "dated_on", "valid_from", "valid_until")}
    for topic_id, people in facts.lines.items():
        initial |= {f"topic_{topic_id}_{place}": person for place, person in enumerate(people)}
    return initial


class EndForm(PlainForm):
    """The last day of an order that is in force."""

    PLACES = {"order_end_past": "valid_until"}

    valid_until = DayField(label=gettext_lazy("Last day in force"))


class AbsenceForm(PlainForm):
    PLACES = {
        "absence_overlaps": "first_on",
        "stand_in_loop": "stand_in",
        "named_by_director": "stand_in",
    }

    first_on = DayField(label=gettext_lazy("First day"))
    last_on = DayField(label=gettext_lazy("Last day"))
    stand_in = forms.TypedChoiceField(
        label=gettext_lazy("Stand-in"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Notices for the absent person go to the stand-in. Without one they go up."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=Absence.Kind.choices,
        help_text=gettext_lazy("Only the person, the manager and the director see it."),
    )

    def __init__(self, *args: Any, employee: Employee, people: Iterable[Employee], **options: Any) -> None:
        super().__init__(*args, **options)
        others = [one for one in people if one.pk != employee.pk]
        self.fields["stand_in"].choices = person_choices(others)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first_on, last_on = cleaned.get("first_on"), cleaned.get("last_on")
        if first_on and last_on and last_on < first_on:
            self.add_error("last_on", _("The last day is before the first."))
        elif first_on and last_on and (last_on - first_on).days > 366:
            self.add_error("last_on", _("An absence is a year long at most."))
        return cleaned

    @property
    def facts(self) -> AbsenceFacts:
        return AbsenceFacts(**self.cleaned_data)


class ClientForm(PlainForm):
    PLACES = {"certificate_taken": "certificate"}

    name = forms.CharField(label=gettext_lazy("Full name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Client.Kind.choices)
    certificate = forms.CharField(label=gettext_lazy("Certificate number"), max_length=40, required=False)
    standing = forms.ChoiceField(
        label=gettext_lazy("Standing in the register"), choices=Client.Standing.choices, required=False
    )

    @property
    def facts(self) -> ClientFacts:
        return ClientFacts(**self.cleaned_data)


class NewClientForm(PlainForm):
    PLACES = {"address_taken": "email"}

    name = forms.CharField(label=gettext_lazy("Full name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Client.Kind.choices)
    email = EmailField()


class AddressForm(PlainForm):
    PLACES = {"address_taken": "email"}

    email = EmailField()


class PhoneForm(PlainForm):
    number = PhoneField()


class DelegateForm(PlainForm):
    name = forms.CharField(label=gettext_lazy("Full name"), max_length=200)
    email = EmailField()
    phone = PhoneField(required=False)
    valid_from = DayField(label=gettext_lazy("May act from"))
    valid_until = DayField(label=gettext_lazy("May act until"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("valid_until") and cleaned.get("valid_from") and cleaned["valid_until"] < cleaned["valid_from"]:
            self.add_error("valid_until", _("The last day is before the first."))
        return cleaned

    @property
    def facts(self) -> DelegateFacts:
        return DelegateFacts(**self.cleaned_data)
