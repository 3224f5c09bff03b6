"""The office's register of clients, as it was handed in: the file, how it is read, and every row's fate."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models.clients import Client


class ClientImport(models.Model):
    """A file of the register on its way in.

    The file is kept as it came. Nothing of it touches a client before `apply_import`, which does all or nothing.
    """

    class State(models.TextChoices):
        MAPPED = "mapped", _("waits for its columns to be confirmed")
        CHECKING = "checking", _("rows are being compared")
        CHECKED = "checked", _("compared, not carried out")
        APPLYING = "applying", _("being carried out")
        APPLIED = "applied", _("carried out")

    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # How the file is read: "xlsx", or a text's encoding and separator.
    encoding = models.CharField(_("encoding"), max_length=20)
    separator = models.CharField(_("separator"), max_length=1, blank=True)
    # The row with the titles, from 0; and which field each column holds ("" for none), in the order of columns.
    header = models.PositiveIntegerField(default=0)
    fields = models.JSONField(default=list)
    default_kind = models.CharField(
        _("kind of new clients"), max_length=20, choices=Client.Kind.choices, default=Client.Kind.ADMINISTRATOR
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPED)
    # A worker that checks or applies holds the import until then; afterwards the sweep gives it to another.
    leased_until = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    # {fate: rows}
    counts = models.JSONField(default=dict)
    checked_at = models.DateTimeField(null=True)
    # Clients had changed since the comparison: nothing was carried out, the rows were compared anew.
    is_stale = models.BooleanField(default=False)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["leased_until"], condition=Q(state__in=["checking", "applying"]), name="import_working"
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.APPLYING)


class ClientImportRow(models.Model):
    """What becomes of one row of the file; of a missing client, who has no row, `number` is 0."""

    class Fate(models.TextChoices):
        REFUSED = "refused", _("not taken in")
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        MISSING = "missing", _("missing from the file")

    source = models.ForeignKey(ClientImport, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    fate = models.CharField(max_length=10, choices=Fate.choices)
    client = models.ForeignKey(Client, models.SET_NULL, null=True, related_name="+", db_index=False)
    # What the row says: {"name", "kind", "certificate", "standing", "emails": [], "phones": []}
    values = models.JSONField(default=dict)
    # {field: [old, new]}; of a new client everything it will have.
    changes = models.JSONField(default=dict)
    # [[code, what it is about]] of a refused row.
    reasons = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["source", "fate", "number"], name="import_row_fate")]

    def __str__(self) -> str:
        return f"{self.number}: {self.fate}"
