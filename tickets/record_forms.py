"""Parse and clean what is entered for the office's records; nothing is written here."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.actions.registering import RecordEntry


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
