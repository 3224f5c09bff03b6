"""Parse and clean one request; nothing is written here."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _


class CallForm(forms.Form):
    """A telephone call to TNA's IT support: when, with whom, and what they wrote it down under."""

    told_on = forms.DateField(label=_("Called on"), error_messages={"required": _("Choose the day of the call.")})
    told_time = forms.TimeField(label=_("Time"), error_messages={"required": _("Choose the time of the call.")})
    whom = forms.CharField(
        label=_("Who answered"), max_length=200, error_messages={"required": _("Write who answered the call.")}
    )
    reference = forms.CharField(label=_("Number of TNA's request, or a note"), max_length=200, required=False)

    def __init__(self, *args: Any, now: datetime, tz: ZoneInfo, **kwargs: Any) -> None:
        local = now.astimezone(tz)
        kwargs["initial"] = {"told_on": local.date(), "told_time": local.time()}
        super().__init__(*args, **kwargs)
        self.tz = tz

    def call(self) -> dict[str, Any]:
        """Return what the action takes, the instant on the desk's clock."""
        cleaned = self.cleaned_data
        return {
            "told_at": datetime.combine(cleaned["told_on"], cleaned["told_time"], self.tz),
            "whom": cleaned["whom"],
            "reference": cleaned["reference"],
        }
