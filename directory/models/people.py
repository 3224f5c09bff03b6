"""Who signs in, for which desk, and as what."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> models.QuerySet["User"]:
        """Read a user together with their profile: every page shows it."""
        return super().get_queryset().select_related("employee")

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Who may sign in, by e-mail address."""

    email = models.EmailField(_("E-mail"), unique=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may use the set-up pages"), default=False)
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.CheckConstraint(name="user_email_lower", condition=Q(email=Lower("email")))]

    def __str__(self) -> str:
        return self.email


class Desk(models.Model):
    """A mailbox, a phone line, a calendar, deadlines, and the people who answer for them."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    office = models.CharField(_("office"), max_length=200, blank=True)
    prefix = models.CharField(_("ticket prefix"), max_length=10, unique=True)
    address = models.EmailField(_("e-mail address"), unique=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Riga")
    starts_at = models.DateTimeField(_("start: older mail is history"), default=timezone.now)

    class Meta:
        verbose_name = _("desk")
        verbose_name_plural = _("desks")

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Employee(models.Model):
    """A person of the office: what a client may see of them under a reply, and what colleagues must know.  (E-I.6)"""

    LANGUAGES = (
        ("lv", _("Latvian")),
        ("en", _("English")),
        ("ru", _("Russian")),
        ("de", _("German")),
        ("fr", _("French")),
        ("lt", _("Lithuanian")),
        ("et", _("Estonian")),
        ("pl", _("Polish")),
        ("uk", _("Ukrainian")),
    )

    user = models.OneToOneField(User, models.PROTECT, related_name="employee")
    first_name = models.CharField(_("name"), max_length=100, blank=True)
    last_name = models.CharField(_("surname"), max_length=100, blank=True)
    position = models.CharField(_("position"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    unit = models.CharField(_("unit"), max_length=150, blank=True)
    # Codes of LANGUAGES in which the person can answer a client.
    languages = models.JSONField(_("languages"), default=list, blank=True)
    desks: "models.ManyToManyField[Desk, Role]" = models.ManyToManyField(Desk, through="Role", related_name="employees")

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.user.email


class Role(models.Model):
    """What an employee is at a desk; a person may be several things."""

    class Name(models.TextChoices):
        ADMINISTRATOR = "administrator", _("IS administrator")
        EXPERT = "expert", _("competent employee")
        DEPUTY_DIRECTOR = "deputy_director", _("deputy director")
        DIRECTOR = "director", _("director")
        MANAGER = "manager", _("system manager")
        SECURITY_OFFICER = "security_officer", _("security officer")
        DATA_PROTECTION_OFFICER = "data_protection_officer", _("data protection officer")

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="roles")
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="roles")
    name = models.CharField(_("role"), max_length=30, choices=Name.choices)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [models.UniqueConstraint(fields=["desk", "name", "employee"], name="role_once")]

    def __str__(self) -> str:
        return f"{self.employee}: {self.get_name_display()}"
