"""Parse and clean one request; nothing is written here."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from directory.models import Desk, Role
from sla.changes import CLOSED, MOVED, enter_day, mark_year, remove_day
from sla.models import CalendarDay, Policy, Unit
from sla.settings import CalendarChange, DayChange

Hours = tuple[tuple[time, time], ...]
Kind = CalendarDay.Kind
CLOCK = r"(\d{1,2})[:.](\d{2})"
INTERVAL = re.compile(rf"{CLOCK}\s*[-–—]\s*{CLOCK}")
MINUTE = timedelta(minutes=1)
# As many warnings as a term may have.
STEPS = 3


def hours_text(hours: Hours) -> str:
    """Return opening hours as they are typed: "08:30-12:00, 12:30-16:00"; the end of the day as 24:00."""
    return ", ".join(
        f"{opens:%H:%M}-{'24:00' if closes == time() else closes.strftime('%H:%M')}" for opens, closes in hours
    )


class HoursField(forms.CharField):
    """Opening hours as text, several intervals with commas between; empty is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=100, **options)

    def prepare_value(self, value: Any) -> Any:
        return hours_text(tuple(value)) if isinstance(value, tuple | list) else value

    def clean(self, value: Any) -> Hours:
        text = super().clean(value)
        parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
        spans = sorted((_interval(part) for part in parts), key=lambda span: span[0])
        ends = 0
        for opens, closes in spans:
            if opens < ends:
                raise forms.ValidationError(_("Two of the intervals overlap."))
            ends = closes
        return tuple((_clock(opens), _clock(closes)) for opens, closes in spans)


def _interval(text: str) -> tuple[int, int]:
    """Return the minutes after midnight at which an interval opens and closes; its end may be 24:00."""
    found = INTERVAL.fullmatch(text)
    if found is None:
        raise forms.ValidationError(_("“%(text)s” is not an interval like 08:30-17:00.") % {"text": text})
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if max(int(found[2]), int(found[4])) > 59 or opens >= 24 * 60 or closes > 24 * 60:
        raise forms.ValidationError(_("“%(text)s” names a time that there is not.") % {"text": text})
    closes = closes or 24 * 60
    if closes <= opens:
        raise forms.ValidationError(_("“%(text)s” closes before it opens.") % {"text": text})
    return opens, closes


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


class ChangeForm(forms.Form):
    """A change of the working time: filled in, previewed, and posted again with `confirm`."""

    # Where a refusal of the business belongs, by its code; the others stand above the form.
    PLACES: Mapping[str, str] = {}

    def __init__(self, *args: Any, desk: Desk, **options: Any) -> None:
        super().__init__(*args, **options)
        self.desk = desk
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def change(self) -> CalendarChange:
        raise NotImplementedError


def date_field(**options: Any) -> forms.DateField:
    """Return a field that a browser shows as a calendar in its own language."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class DayForm(ChangeForm):
    """A special day: why, with which hours, in place of which other day, and by what authority."""

    PLACES = {"day_taken": "other_on", "worked_hours_missing": "hours"}

    kind = forms.ChoiceField(label=gettext_lazy("What kind of day"), choices=Kind.choices)
    hours = HoursField(
        label=gettext_lazy("Hours"),
        help_text=gettext_lazy(
            "For example 08:30-12:00, 12:30-16:00. Empty on a closed day; on a moved one the hours of the worked day."
        ),
    )
    other_on = date_field(
        label=gettext_lazy("The other day"),
        required=False,
        help_text=gettext_lazy(
            "For a move: where the work goes or comes from. That day is entered along with this one."
        ),
    )
    name = forms.CharField(label=gettext_lazy("Name of the day"), max_length=200, required=False)
    source = forms.CharField(
        label=gettext_lazy("Legal source"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("The law, the Cabinet order or the office's own order."),
    )
    counts = forms.BooleanField(
        label=gettext_lazy("counts as a business day for terms in business days"), required=False, initial=True
    )
    remove = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, on: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on = on
        if self.data.get("remove"):
            self.fields["kind"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, hours, other_on = cleaned.get("kind"), cleaned.get("hours"), cleaned.get("other_on")
        if cleaned.get("remove") or not kind:
            return cleaned
        if hours and kind in CLOSED - set(MOVED):
            self.add_error("hours", _("The office is closed on such a day: leave the hours empty."))
        if not hours and kind in (Kind.SHORTENED, Kind.EXTRA) and "hours" not in self.errors:
            self.add_error("hours", _("Write the hours of this day."))
        if not other_on and kind in MOVED and "other_on" not in self.errors:
            self.add_error("other_on", _("Write the other day of the move."))
        if other_on == self.on:
            self.add_error("other_on", _("A day cannot be moved to itself."))
        if not cleaned.get("name") and kind == Kind.HOLIDAY:
            self.add_error("name", _("Write the holiday's name."))
        return cleaned

    def change(self) -> CalendarChange:
        cleaned = self.cleaned_data
        if cleaned["remove"]:
            return remove_day(self.desk, self.on)
        fields = {name: cleaned[name] for name in ("kind", "hours", "counts", "name", "other_on", "source")}
        return enter_day(self.desk, DayChange(self.on, **fields))


class HoursForm(ChangeForm):
    """The hours of a plain week, a line a weekday."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for weekday, name in WEEKDAYS.items():
            self.fields[f"weekday_{weekday}"] = HoursField(label=name)

    def change(self) -> CalendarChange:
        return CalendarChange(week={weekday: self.cleaned_data[f"weekday_{weekday}"] for weekday in range(7)})


class YearForm(ChangeForm):
    """Whether the moved working days of a year are all entered."""

    is_complete = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, year: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.year = year

    def change(self) -> CalendarChange:
        return mark_year(self.desk, self.year, is_complete=self.cleaned_data["is_complete"])


class AmountUnit(forms.ChoiceField):
    """The unit of an amount, as people say it; stored as a clock with days or minutes."""

    UNITS = (
        ("business_days", pgettext_lazy("unit", "business days")),
        ("working_minutes", pgettext_lazy("unit", "working minutes")),
        ("working_hours", pgettext_lazy("unit", "working hours")),
        ("clock_minutes", pgettext_lazy("unit", "minutes by the clock")),
        ("clock_hours", pgettext_lazy("unit", "hours by the clock")),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=self.UNITS, **options)


def stored(amount: int, unit: str) -> tuple[str, int]:
    """Return the clock and the amount on it: business days, or minutes."""
    clock, _space, size = unit.partition("_")
    if size == "days":
        return Unit.BUSINESS_DAYS.value, amount
    return (Unit.WORKING_TIME if clock == "working" else Unit.CLOCK_TIME).value, amount * (60 if size == "hours" else 1)


def typed(unit: str, amount: int) -> tuple[int, str]:
    """Return an amount on a clock as it is typed: the reverse of `stored`."""
    if unit == Unit.BUSINESS_DAYS:
        return amount, "business_days"
    clock = "working" if unit == Unit.WORKING_TIME else "clock"
    is_hours = amount > 60 and amount % 60 == 0
    return (amount // 60, f"{clock}_hours") if is_hours else (amount, f"{clock}_minutes")


def roles_field(**options: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=Role.Name.choices, widget=forms.CheckboxSelectMultiple, required=False, **options
    )


class PolicyForm(forms.Form):
    """A new version of a term. A promised time has no amount of its own."""

    amount = forms.IntegerField(label=gettext_lazy("How much"), min_value=1, max_value=9999)
    unit = AmountUnit(label=gettext_lazy("Of what"))
    tell_breach = roles_field(label=gettext_lazy("Who is told when it is broken"))
    late_receipt = forms.ChoiceField(
        label=gettext_lazy("What comes outside working hours counts as received"),
        choices=(
            (Policy.LateReceipt.SAME_DAY, pgettext_lazy("received", "that same day")),
            (Policy.LateReceipt.NEXT_BUSINESS_DAY, pgettext_lazy("received", "on the next business day")),
        ),
    )
    may_pause = forms.BooleanField(label=gettext_lazy("stops while the client is asked"), required=False)
    valid_from = date_field(
        label=gettext_lazy("In force from"),
        help_text=gettext_lazy("Deadlines that run by then keep the term they began under."),
    )

    def __init__(self, *args: Any, policy: Policy, today: date, **options: Any) -> None:
        options["initial"] = _initial(policy, today)
        super().__init__(*args, **options)
        self.policy, self.today = policy, today
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        for number in range(STEPS):
            self.fields[f"warn_{number}"] = forms.IntegerField(
                label=_("How much before"), min_value=1, max_value=9999, required=False
            )
            self.fields[f"warn_unit_{number}"] = AmountUnit(label=_("Of what"))
            self.fields[f"warn_tell_{number}"] = roles_field(label=_("Who is told"))
        if policy.unit != Unit.BUSINESS_DAYS:
            del self.fields["late_receipt"], self.fields["may_pause"]
        if policy.kind == "promised":
            del self.fields["amount"], self.fields["unit"]

    def clean_valid_from(self) -> date:
        valid_from: date = self.cleaned_data["valid_from"]
        if valid_from <= self.today:
            raise forms.ValidationError(_("Choose a day after today: what has begun keeps its term."))
        return valid_from

    def clean_tell_breach(self) -> list[str]:
        roles: list[str] = self.cleaned_data["tell_breach"]
        if not roles:
            raise forms.ValidationError(_("Choose who is told: a broken deadline is never silent."))
        return roles

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(STEPS):
            amount, roles = cleaned.get(f"warn_{number}"), cleaned.get(f"warn_tell_{number}")
            if amount and not roles:
                self.add_error(f"warn_tell_{number}", _("Choose who is told."))
            elif roles and not amount and f"warn_{number}" not in self.errors:
                self.add_error(f"warn_{number}", _("Write how much before."))
            elif amount and self._is_too_early(number):
                self.add_error(
                    f"warn_{number}", _("A warning must come after the start: make it shorter than the term.")
                )
        return cleaned

    def _is_too_early(self, number: int) -> bool:
        """Tell whether a warning on the same clock would come before the term begins."""
        cleaned = self.cleaned_data
        if not cleaned.get("amount") or not cleaned.get("unit"):
            return False
        unit, amount = stored(cleaned["amount"], cleaned["unit"])
        warn_unit, before = stored(cleaned[f"warn_{number}"], cleaned[f"warn_unit_{number}"])
        return warn_unit == unit and before >= amount

    def warning_fields(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"warn_{number}"], self[f"warn_unit_{number}"], self[f"warn_tell_{number}"])
            for number in range(STEPS)
        ]

    @property
    def changes(self) -> dict[str, Any]:
        """Return the columns of the new version."""
        cleaned = self.cleaned_data
        changes: dict[str, Any] = {"tell_breach": cleaned["tell_breach"]}
        changes["warnings"] = [
            _warning(cleaned[f"warn_{number}"], cleaned[f"warn_unit_{number}"], cleaned[f"warn_tell_{number}"])
            for number in range(STEPS)
            if cleaned[f"warn_{number}"]
        ]
        if "late_receipt" in cleaned:
            changes["late_receipt"] = cleaned["late_receipt"]
        if "amount" in cleaned:
            unit, amount = stored(cleaned["amount"], cleaned["unit"])
            is_days = unit == Unit.BUSINESS_DAYS
            changes |= {"unit": unit, "days": amount if is_days else None, "span": None if is_days else amount * MINUTE}
            # What is left at a pause is counted in business days: other terms run on.
            changes["may_pause"] = is_days and cleaned.get("may_pause", False)
        return changes

    @property
    def in_force_at(self) -> datetime:
        """Return the first instant of the new version: midnight at the desk."""
        return datetime.combine(self.cleaned_data["valid_from"], time(), self.policy.desk.tz)


def _warning(amount: int, unit: str, tell: list[str]) -> dict[str, Any]:
    clock, before = stored(amount, unit)
    return {"unit": clock, "days" if clock == Unit.BUSINESS_DAYS else "minutes": before, "tell": tell}


def _initial(policy: Policy, today: date) -> dict[str, Any]:
    initial: dict[str, Any] = {"tell_breach": policy.tell_breach, "late_receipt": policy.late_receipt}
    initial |= {"may_pause": policy.may_pause, "valid_from": today + timedelta(days=1)}
    if policy.days is not None:
        initial["amount"], initial["unit"] = policy.days, "business_days"
    elif policy.span is not None:
        initial["amount"], initial["unit"] = typed(policy.unit, policy.span // MINUTE)
    for number, step in enumerate(policy.warnings[:STEPS]):
        before = step["days"] if step["unit"] == Unit.BUSINESS_DAYS else step["minutes"]
        initial[f"warn_{number}"], initial[f"warn_unit_{number}"] = typed(step["unit"], before)
        initial[f"warn_tell_{number}"] = step["tell"]
    return initial
