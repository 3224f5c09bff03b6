"""Clients: who they are, how they are recognised and found, who may write for them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from directory.phones import spaced


class Client(models.Model):
    """Who writes and calls. One made from a letter is unconfirmed until a person has looked at it.

    The personal identity code is not kept: a client is told apart by the certificate of the office's register.
    """

    class Kind(models.TextChoices):
        ADMINISTRATOR = "administrator", _("administrator")
        SUPERVISOR = "supervisor", _("supervising person")
        OTHER = "other", _("other")

    class Standing(models.TextChoices):
        """What the office's register says of the person's right to act."""

        UNKNOWN = "", _("not in the register")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        ENDED = "ended", _("ended")

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.OTHER)
    is_confirmed = models.BooleanField(_("confirmed"), default=False)
    certificate = models.CharField(_("certificate number"), max_length=40, blank=True)
    standing = models.CharField(_("standing"), max_length=20, choices=Standing.choices, default="", blank=True)
    # Set while merged: the client who goes on in place of this one.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="aliases")

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = [models.Index(fields=["name", "id"], name="client_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate"], condition=~Q(certificate=""), name="client_certificate_once"
            ),
            models.CheckConstraint(
                name="client_not_merged_into_itself", condition=Q(merged_into=None) | ~Q(merged_into=F("id"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientAddress(models.Model):
    """An address by which a client is recognised; lower case, one client each."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="addresses")
    email = models.EmailField(max_length=320)

    class Meta:
        verbose_name = _("client's address")
        verbose_name_plural = _("clients' addresses")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="client_address_once"),
            models.CheckConstraint(name="client_address_lower", condition=Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return self.email


class ClientPhone(models.Model):
    """A number from which a client calls, in E.164 ("+37129123456"); the line of an office may serve several."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="phones")
    number = models.CharField(_("phone"), max_length=16)

    class Meta:
        verbose_name = _("client's phone")
        verbose_name_plural = _("clients' phones")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["number", "client"], name="client_phone_once"),
            models.CheckConstraint(name="client_phone_e164", condition=Q(number__startswith="+")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def spaced(self) -> str:
        return spaced(self.number)


class Delegate(models.Model):
    """A person who may write and call for a client on certain days, both ends included; without an end until told."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="delegates")
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("E-mail"), max_length=320)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    valid_from = models.DateField(_("may act from"))
    valid_until = models.DateField(_("may act until"), null=True, blank=True)

    class Meta:
        verbose_name = _("client's assistant")
        verbose_name_plural = _("clients' assistants")
        ordering = ["pk"]
        indexes = [models.Index(fields=["email"], name="delegate_email")]
        constraints = [
            models.CheckConstraint(name="delegate_lower", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="delegate_ends_after_start", condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientKey(models.Model):
    """A word by whose beginning a client is found: of the name, an address, a number; lower case, no diacritics."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="keys")
    key = models.CharField(max_length=320)

    class Meta:
        # PostgreSQL finds a beginning only in the order of bytes, which SQLite has anyway.
        indexes = [models.Index(fields=["key"], opclasses=["varchar_pattern_ops"], name="client_key_beginning")]

    def __str__(self) -> str:
        return self.key


class ClientMerge(models.Model):
    """That one client was found to be another: what went over, by id, so that undoing can bring it back."""

    gone = models.ForeignKey(Client, models.PROTECT, related_name="+")
    survivor = models.ForeignKey(Client, models.PROTECT, related_name="merges")
    # {"addresses": [id], "phones": [id], "delegates": [id]}
    moved = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gone"], condition=Q(undone_at=None), name="client_merged_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} -> {self.survivor_id}"
