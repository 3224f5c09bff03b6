"""Parse what is to be split off."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.actions.splitting import Chosen


class IdsField(forms.Field):
    """Ids of rows, each ticked."""

    widget = forms.SelectMultiple

    def to_python(self, value: object) -> frozenset[int]:
        given = value if isinstance(value, list) else []
        return frozenset(int(one) for one in given if str(one).isdecimal())


class SplitForm(forms.Form):
    messages = IdsField(required=False)
    notes = IdsField(required=False)
    subject = forms.CharField(label=_("Subject of the new ticket"), max_length=300, required=False)

    @property
    def chosen(self) -> Chosen:
        cleaned = self.cleaned_data
        return Chosen(cleaned["messages"], cleaned["notes"], cleaned["subject"])

    @property
    def ticked(self) -> dict[str, frozenset[int]]:
        """Return what was ticked, so that a refused form keeps it."""
        cleaned = getattr(self, "cleaned_data", {})
        return {name: cleaned.get(name, frozenset()) for name in ("messages", "notes")}
