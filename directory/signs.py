"""Signing in and out, recorded: Django says when it happens.  (S-20.3)"""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.utils import timezone

from audit.actions import record
from audit.verbs import Verb
from directory.models import User


@receiver(user_logged_in)
def signed_in(sender: Any, user: User, **_: Any) -> None:
    record(user, Verb.SIGNED_IN, by=user, at=timezone.now())


@receiver(user_logged_out)
def signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        record(user, Verb.SIGNED_OUT, by=user, at=timezone.now())


@receiver(user_login_failed)
def sign_in_failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """The address that was tried is kept, never the password."""
    record(None, Verb.SIGN_IN_FAILED, by=None, at=timezone.now(), email=str(credentials.get("username", ""))[:320])
