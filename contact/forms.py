from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from contact.queries import VIEWS
from escalation.models import Outage


class SenderForm(forms.Form):
    """Who wrote a mail that does not say so itself."""

    sender = forms.EmailField(
        label=_("Sender's e-mail address"), max_length=320, error_messages={"required": _("Write who sent the mail.")}
    )


class OutageForm(forms.Form):
    """An administrator's word that something does not work."""

    what = forms.ChoiceField(label=_("What does not work"), choices=Outage.What.choices, initial=Outage.What.MAILBOX)
    note = forms.CharField(
        label=_("What you see"),
        max_length=1000,
        error_messages={"required": _("Write what you see: those who are told will read it.")},
    )


class PlaceField(forms.CharField):
    """A place in a list in order of time: "INSTANT ID" of the last mail shown."""

    def to_python(self, value: object) -> tuple[datetime, int] | None:  # type: ignore[override]
        text = super().to_python(value) or ""
        if not text:
            return None
        instant, _space, pk = text.partition(" ")
        try:
            at = parse_datetime(instant)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None or not pk.isdecimal():
            raise ValidationError("no such place")
        return at, int(pk)


class LedgerForm(forms.Form):
    """What of the ledger is to be shown; whatever makes no sense is left out."""

    view = forms.ChoiceField(choices=[(view, view) for view in VIEWS], required=False)
    words = forms.CharField(max_length=200, required=False)
    before = PlaceField(required=False)

    def wanted(self) -> tuple[str, str, tuple[datetime, int] | None]:
        self.is_valid()
        cleaned = self.cleaned_data
        return cleaned.get("view") or "all", cleaned.get("words", ""), cleaned.get("before")
