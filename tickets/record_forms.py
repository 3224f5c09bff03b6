"""Parse and clean what is entered for the office's records; nothing is written here."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.models import Desk
from knowledge.models import Template
from knowledge.queries import templates_for
from tickets.actions.breaking_off import Talk
from tickets.actions.registering import RecordEntry
from tickets.actions.replying import Reply
from tickets.forms import TextField
from tickets.models import BreakingOff


class RegistrationForm(forms.Form):
    """The number and date of a reply in the office's records."""

    number = forms.CharField(
        label=_("Registration number"),
        max_length=50,
        error_messages={"required": _("Write the number under which the reply is registered.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    dated_on = forms.DateField(
        label=_("Date of registration"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose the date of registration.")},
    )

    @property
    def entry(self) -> RecordEntry:
        return RecordEntry(self.cleaned_data["number"], self.cleaned_data["dated_on"])


class BreakingOffForm(forms.Form):
    """A conversation that was broken off, and the letter about it."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    rules = forms.ChoiceField(
        label=_("Which rules bind here"), choices=BreakingOff.Rules.choices, widget=forms.RadioSelect
    )
    way = forms.ChoiceField(label=_("How you were talking"), choices=BreakingOff.Way.choices, widget=forms.RadioSelect)
    grounds = forms.MultipleChoiceField(
        label=_("The client"),
        choices=BreakingOff.Ground.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing for which the conversation was broken off.")},
    )
    reasons = TextField(
        label=_("The reasons, as you gave them to the client"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write the reasons that you gave to the client.")},
    )
    offer = forms.ChoiceField(
        label=_("What you offered"),
        choices=BreakingOff.Offer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you offered.")},
    )
    offered = forms.CharField(
        label=_("The offer, in a sentence"),
        max_length=500,
        required=False,
        help_text=_("The guidelines ask for it; under the standard alone it may be left out."),
    )
    agreed_on = forms.DateField(label=_("Agreed for"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    agreed_time = forms.TimeField(label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    is_guard_called = forms.BooleanField(label=_("a guard was called"), required=False)
    write = forms.BooleanField(label=_("Also tell the client in writing"), required=False)
    template = forms.ModelChoiceField(
        Template.objects.none(),
        label=_("Template"),
        required=False,
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    text = TextField(label=_("Letter to the client"), required=False, widget=forms.Textarea(attrs={"rows": 9}))
    codes_confirmed = forms.BooleanField(label=_("A personal identity code in it is meant to go out"), required=False)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "talk_%s")
        super().__init__(*args, **kwargs)
        self.tz = desk.tz
        self.fields["template"].queryset = templates_for(desk, Template.Use.BREAK_OFF)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("agreed_on")) != bool(cleaned.get("agreed_time")):
            self.add_error("agreed_on", _("An agreed time is a day and a time; leave both empty if none was agreed."))
        if cleaned.get("write") and not cleaned.get("text", "").strip():
            self.add_error("text", _("Write the letter, or remove the tick."))
        return cleaned

    @property
    def talk(self) -> Talk:
        cleaned = self.cleaned_data
        day, hour = cleaned["agreed_on"], cleaned["agreed_time"]
        return Talk(
            cleaned["key"],
            cleaned["rules"],
            cleaned["way"],
            tuple(cleaned["grounds"]),
            cleaned["reasons"],
            cleaned["offer"],
            cleaned["offered"],
            agreed_for=datetime.combine(day, hour, self.tz) if day and hour else None,
            is_guard_called=cleaned["is_guard_called"],
        )

    @property
    def letter(self) -> Reply | None:
        cleaned = self.cleaned_data
        codes = cleaned["codes_confirmed"]
        if not cleaned["write"]:
            return None
        return Reply(
            cleaned["text"], cleaned["key"].hex, is_substantive=False, seen=cleaned["seen"], codes_confirmed=codes
        )
