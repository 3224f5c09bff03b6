from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.registered import Wanted


class RegisteredForm(forms.Form):
    """Which registered replies are looked for."""

    since = forms.DateField(label=_("From"), required=False)
    until = forms.DateField(label=_("Until"), required=False)
    q = forms.CharField(label=_("Number, ticket, subject or client"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return cleaned

    @property
    def wanted(self) -> Wanted:
        """Return what is looked for; a day that cannot be read does not narrow it."""
        cleaned = self.cleaned_data
        return Wanted(cleaned.get("since"), cleaned.get("until"), cleaned.get("q", ""))
