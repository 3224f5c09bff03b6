"""Parse what is to be done to the tickets that were ticked."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from directory.models import Employee, Topic, User
from directory.queries import administrators_at, desks_where
from directory.rights import Right
from tickets.actions.bulk import BulkAct, Choice
from tickets.actions.working import OutOfOrder
from tickets.forms import TextField
from tickets.topics import topics_at

# A page of the queue is fifty.
MOST = 100


class TicksField(forms.Field):
    """Tickets that were ticked: by its number the client's last message that the list showed, as `number:message`."""

    widget = forms.SelectMultiple

    def to_python(self, value: object) -> dict[str, int | None]:
        ticks = [str(one).partition(":") for one in value][:MOST] if isinstance(value, list) else []
        return {number: int(seen) if seen.isdecimal() else None for number, _colon, seen in ticks}


class BulkForm(forms.Form):
    tickets = TicksField(error_messages={"required": _("Tick at least one ticket.")})
    act = forms.ChoiceField(choices=BulkAct.choices)
    taker = forms.ModelChoiceField(Employee.objects.none(), required=False)
    topic = forms.ModelChoiceField(Topic.objects.none(), required=False)
    reason = forms.CharField(max_length=300, required=False)
    text = TextField(required=False)
    order_reason = forms.ChoiceField(choices=OutOfOrder.choices, required=False)
    sure = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        desks = desks_where(user, Right.WORK)
        self.fields["taker"].queryset = administrators_at(desks)  # type: ignore[attr-defined]
        self.fields["topic"].queryset = topics_at(desks)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        missing: dict[str, tuple[str, str | Promise]] = {
            BulkAct.HAND_OVER: ("taker", _("Choose a colleague.")),
            BulkAct.TOPIC: ("topic", _("Choose a topic.")),
            BulkAct.NOT_NEEDED: ("reason", _("Write why no answer is needed.")),
            BulkAct.NOTE: ("text", _("Write the note before saving it.")),
        }
        field, words = missing.get(cleaned.get("act", ""), ("", ""))
        if field and field not in self.errors and not cleaned.get(field):
            self.add_error(field, str(words))
        return cleaned

    @property
    def choice(self) -> Choice:
        cleaned = self.cleaned_data
        words = cleaned["text"] if cleaned["act"] == BulkAct.NOTE else cleaned["reason"]
        return Choice(
            cleaned["act"],
            words,
            cleaned["taker"],
            cleaned["order_reason"],
            cleaned["sure"],
            cleaned["topic"],
            cleaned["tickets"],
        )
