"""Parse and clean one request; nothing is written here."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from directory.models import Desk, Employee, Topic
from directory.queries import experts_of
from knowledge.queries import topics_of
from tickets.actions.forwarding import Notice
from tickets.actions.receiving import File
from tickets.actions.replying import MailTooLarge, Reply
from tickets.actions.working import OutOfOrder
from tickets.kept import Kept, keep, kept_by
from tickets.rich_text import clean_written, plain_of
from tickets.sizes import mail_size
from tickets.wording import by_day, expert_values


class Files(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, none of them empty."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        chosen: Sequence[UploadedFile[bytes]] = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in chosen]


class KeptFilesField(forms.Field):
    """Files that came with the form before and are kept for it, by their tokens."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[Kept]:
        try:
            return [kept_by(str(one)) for one in value or []]
        except BadSignature:
            raise ValidationError(_("Choose the files again: a browser does not keep them.")) from None


class TextField(forms.CharField):
    """A text of several lines; a browser ends them with CR LF, everything else here with LF."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")


class ListField(forms.Field):
    """Short texts that the page itself put into the form, one by one."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [str(one) for one in value or []]


class AddressesField(forms.Field):
    """Addresses that stand in the form one by one, each to be ticked."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [str(one).strip() for one in value or [] if str(one).strip()]

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        for one in value:
            check_address(one)


class TypedAddressesField(TextField):
    """Addresses typed in by hand, parted by commas, semicolons or line ends; "Name <address>" is taken too."""

    def clean(self, value: Any) -> list[str]:
        pieces = [one.strip() for one in re.split(r"[,;\n]", self.to_python(value)) if one.strip()]
        found = [inside[1] if (inside := re.search(r"<([^<>]*)>\s*$", one)) else one for one in pieces]
        for one in found:
            check_address(one)
        return found


def check_address(text: str) -> None:
    try:
        validate_email(text)
    except ValidationError:
        words = _("“%(text)s” is not an e-mail address. Write it like name@example.lv.")
        raise ValidationError(words, params={"text": text}) from None


class TakeForm(forms.Form):
    order_reason = forms.ChoiceField(choices=OutOfOrder.choices, required=False)


class AddressForm(TakeForm):
    """A letter to the client: whom it goes to, in "to" and "cc", and who of them were asked about once more."""

    to = AddressesField(required=False)
    cc = AddressesField(required=False)
    add_to = TypedAddressesField(label=_("Add to “To”"), required=False)
    add_cc = TypedAddressesField(label=_("Add to “Copy”"), required=False)
    # The form has shown its addresses, so that none ticked means none, and not the usual one.
    chosen = forms.BooleanField(required=False)
    confirmed = AddressesField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        nobody = not cleaned.get("to") and not cleaned.get("add_to")
        if cleaned.get("chosen") and nobody and "to" not in self.errors and "add_to" not in self.errors:
            self.add_error("to", _("Choose at least one address that the letter goes to."))
        return cleaned

    def ticked(self, field: str) -> list[str]:
        """Return the addresses chosen for "to" or "cc"; those typed in by hand become ticked ones."""
        added: list[str] = getattr(self, "cleaned_data", {}).get(f"add_{field}", [])
        return [*(self[field].value() or []), *added]

    @property
    def typed(self) -> dict[str, str]:
        """Return what was typed by hand for "to" and "cc" and could not be read."""
        wrong = [field for field in ("to", "cc") if f"add_{field}" in self.errors]
        return {field: str(self[f"add_{field}"].value()) for field in wrong}

    @property
    def wrong_addresses(self) -> dict[str, list[str]]:
        """Return what is wrong with the addresses of "to" and "cc"."""
        return {field: [*self.errors.get(field, []), *self.errors.get(f"add_{field}", [])] for field in ("to", "cc")}


class ReplyForm(AddressForm):
    """An answer to the client. `key` makes sending the same form twice send one mail."""

    text = TextField(label=_("Text of the reply"), error_messages={"required": _("Write the reply before sending it.")})
    # The same from the editor, with its marks of form; where it has any, the text is what they say.
    html = forms.CharField(max_length=200_000, required=False)
    is_substantive = forms.BooleanField(label=_("a substantive answer: mark as complete"), required=False, initial=True)
    attachments = FilesField(label=_("Attach files"), required=False)
    kept = KeptFilesField(required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    draft = forms.IntegerField(widget=forms.HiddenInput, required=False)
    # The page shows what its check finds: `looked` are the findings that its writer has had before their eyes.
    shows_check = forms.BooleanField(required=False)
    looked = ListField(required=False)
    macro = forms.IntegerField(widget=forms.HiddenInput, required=False)
    codes_confirmed = forms.BooleanField(required=False)
    ask = forms.BooleanField(required=False)
    resume_on = forms.DateField(
        label=_("Comes back if the client does not answer"),
        required=False,
        error_messages={"invalid": _("Write the date as year-month-day, or choose it.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["html"] = clean_written(cleaned.get("html", ""))
        if cleaned["html"]:
            cleaned["text"] = plain_of(cleaned["html"])
        if cleaned.get("ask") and not cleaned.get("resume_on") and "resume_on" not in self.errors:
            self.add_error("resume_on", _("Choose the date on which the ticket comes back."))
        sizes = [one.size for one in (*cleaned.get("attachments", []), *cleaned.get("kept", []))]
        if mail_size(sizes) > settings.MAX_MAIL:
            self.add_error("attachments", str(MailTooLarge(sizes)))
        return cleaned

    @property
    def lost_files(self) -> bool:
        """Tell whether files came that could not be kept: a browser does not give them back."""
        return bool(self.files) and "attachments" in self.errors

    @property
    def file_names(self) -> list[str]:
        cleaned = self.cleaned_data
        return [*(one.name for one in cleaned["kept"]), *(one.name or "" for one in cleaned["attachments"])]

    def keep_files(self) -> list[Kept]:
        """Store what came with the form, so that it need not be chosen again; return everything that is kept."""
        files: list[UploadedFile[bytes]] = self.cleaned_data.get("attachments", [])
        fresh = []
        for one in files:
            one.seek(0)
            fresh.append(keep(file_of(one)))
        return [*self.cleaned_data.get("kept", []), *fresh]

    @property
    def reply(self) -> Reply:
        cleaned = self.cleaned_data
        files = (*(one.file() for one in cleaned["kept"]), *(file_of(one) for one in cleaned["attachments"]))
        return Reply(
            cleaned["text"],
            cleaned["key"].hex,
            cleaned["is_substantive"],
            cleaned["seen"],
            to=(*cleaned["to"], *cleaned["add_to"]),
            cc=(*cleaned["cc"], *cleaned["add_cc"]),
            confirmed=tuple(cleaned["confirmed"]),
            draft=cleaned["draft"],
            codes_confirmed=cleaned["codes_confirmed"],
            macro=cleaned["macro"],
            html=cleaned["html"],
            files=files,
        )


class FilesForm(forms.Form):
    """Files that come before their letter. `kept` are those that are here already."""

    attachments = FilesField()
    kept = KeptFilesField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        sizes = [one.size for one in (*cleaned.get("attachments", []), *cleaned.get("kept", []))]
        if mail_size(sizes) > settings.MAX_MAIL:
            raise ValidationError(str(MailTooLarge(sizes)))
        return cleaned

    def keep(self) -> list[Kept]:
        return [keep(file_of(one)) for one in self.cleaned_data["attachments"]]


class LookForm(forms.Form):
    """A letter that is being written, to be looked over. `names` are those of what is attached."""

    text = TextField(max_length=100_000, required=False, strip=False)
    names = ListField(required=False)
    kept = KeptFilesField(required=False)
    is_notice = forms.BooleanField(required=False)
    codes_confirmed = forms.BooleanField(required=False)

    @property
    def file_names(self) -> list[str]:
        cleaned = self.cleaned_data
        return [*(one for one in cleaned["names"] if one), *(one.name for one in cleaned.get("kept", []))]


class WordingForm(forms.Form):
    """A choice of ready words; on a notice with the day and the colleague that stand in its form."""

    item = forms.CharField(required=False)
    is_notice = forms.BooleanField(required=False)
    due_on = forms.DateField(required=False)
    expert = forms.IntegerField(required=False)

    def values(self, desk: Desk) -> dict[str, str]:
        """Return the placeholders that the form itself knows."""
        due_on, expert = self.cleaned_data.get("due_on"), self.cleaned_data.get("expert")
        chosen = experts_of(desk).filter(pk=expert).first() if expert else None
        return {
            **({"promise.due_on": by_day(due_on)} if due_on else {}),
            **(expert_values(chosen) if chosen else {}),
        }


def file_of(uploaded: "UploadedFile[bytes]") -> File:
    return File(uploaded.name or "", uploaded.content_type or "application/octet-stream", uploaded.read())


class JoinForm(forms.Form):
    """The number of another ticket, whole or short: EMUS-2026-04179 or 4179."""

    into = forms.CharField(max_length=30)


class NoteForm(forms.Form):
    text = TextField(label=_("Internal note"), error_messages={"required": _("Write the note before saving it.")})


class JunkForm(forms.Form):
    later = forms.BooleanField(required=False)
    sure = forms.BooleanField(required=False)


class NoAnswerForm(forms.Form):
    reason = forms.CharField(
        label=_("Why no answer is needed"),
        max_length=300,
        error_messages={"required": _("Write why no answer is needed.")},
    )


class ForwardForm(AddressForm):
    """What the ticket is about, whom it goes to, and what the client is told with it."""

    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("Topic"), required=False)
    expert = forms.ModelChoiceField(
        Employee.objects.none(),
        label=_("Colleague"),
        empty_label=_("Choose a colleague"),
        error_messages={"required": _("Choose a colleague.")},
    )
    due_on = forms.DateField(label=_("The answer comes by"), error_messages={"required": _("Choose the promised day.")})
    due_time = forms.TimeField(label=_("Time"), error_messages={"required": _("Choose the promised time.")})
    text = TextField(label=_("Notice to the client"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    codes_confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tz = desk.tz
        self.fields["expert"].queryset = experts_of(desk)  # type: ignore[attr-defined]
        self.fields["topic"].queryset = topics_of(desk)  # type: ignore[attr-defined]

    @property
    def promised_for(self) -> datetime:
        cleaned = self.cleaned_data
        return datetime.combine(cleaned["due_on"], cleaned["due_time"], self.tz)

    @property
    def notice(self) -> Notice:
        cleaned = self.cleaned_data
        words = Reply(
            cleaned["text"],
            cleaned["key"].hex,
            False,
            cleaned["seen"],
            to=(*cleaned["to"], *cleaned["add_to"]),
            cc=(*cleaned["cc"], *cleaned["add_cc"]),
            confirmed=tuple(cleaned["confirmed"]),
            codes_confirmed=cleaned["codes_confirmed"],
        )
        return Notice(words, self.promised_for)


class DraftForm(forms.Form):
    """A colleague's words. `revision` is the saving that they go on from, `seen` the client's last message read."""

    text = TextField(label=_("Draft"), required=False)
    attachments = FilesField(label=_("Attach files"), required=False)
    revision = forms.IntegerField(min_value=0)
    seen = forms.IntegerField(required=False)


class ReasonForm(forms.Form):
    reason = TextField(max_length=1000, error_messages={"required": _("Write the reason.")})
    seen = forms.IntegerField(required=False)


class PromiseForm(forms.Form):
    """A time told to the client: by when, what they were told and how, and when that was."""

    due_on = forms.DateField(label=_("The answer comes by"), error_messages={"required": _("Choose the promised day.")})
    due_time = forms.TimeField(label=_("Time"), error_messages={"required": _("Choose the promised time.")})
    told = TextField(
        label=_("What the client was told, and how"),
        max_length=1000,
        error_messages={"required": _("Write what the client was told, and how.")},
    )
    told_on = forms.DateField(label=_("Told on"))
    told_time = forms.TimeField(label=_("Time"))

    def promise(self, tz: ZoneInfo) -> dict[str, Any]:
        """Return what the action takes, instants on the desk's clock."""
        cleaned = self.cleaned_data
        return {
            "due_at": datetime.combine(cleaned["due_on"], cleaned["due_time"], tz),
            "told": cleaned["told"],
            "told_at": datetime.combine(cleaned["told_on"], cleaned["told_time"], tz),
        }


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it was no breach"),
        max_length=300,
        error_messages={"required": _("Write why it was no breach: the reason stays to be seen.")},
    )
