"""Tokens of Microsoft Entra ID for a mailbox: an application signs in with its secret or certificate.

Token and application live as long as the process; msal asks for another token when the one it has is about to end.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from contact.email.mailbox import MailboxError

AUTHORITY = "https://login.microsoftonline.com"
OUTLOOK = "https://outlook.office365.com/.default"  # IMAP and SMTP
TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class Application:
    """Who asks for a token, and for what. Either the secret or a certificate: the path of a PEM file with its key."""

    tenant: str
    client_id: str
    secret: str
    certificate: str
    authority: str
    scope: str


def application_in(parts: SplitResult, scope: str, *, tenant: str = "") -> Application:
    """Read an application from the address of a mailbox: `client_id`, `certificate`, `authority`, the password as its
    secret, and `tenant` and `scope` where they are named.

    Raises MailboxError if the address names none.
    """
    query = parse_qs(parts.query)

    def one(name: str, default: str = "") -> str:
        return query.get(name, [default])[0]

    found = Application(
        tenant=one("tenant", tenant),
        client_id=one("client_id"),
        secret=unquote(parts.password or ""),
        certificate=one("certificate"),
        authority=one("authority", AUTHORITY).rstrip("/"),
        scope=one("scope", scope),
    )
    if not (found.tenant and found.client_id and (found.secret or found.certificate)):
        raise MailboxError("the address of the mailbox needs a tenant, a client_id, and a secret or a certificate")
    return found


def token_for(application: Application) -> str:
    """Return a token that is good for some minutes at least. Raises MailboxError."""
    try:
        answer: dict[str, Any] = _client(application).acquire_token_for_client([application.scope])
    except (requests.RequestException, ValueError) as failure:
        raise MailboxError(f"cannot sign in at {application.authority}: {failure}") from failure
    if "access_token" not in answer:
        words = answer.get("error_description") or answer.get("error") or "no token"
        raise MailboxError(f"{application.authority} refuses to sign in: {str(words).splitlines()[0]}")
    return str(answer["access_token"])


def sasl(user: str, token: str) -> str:
    """Return what XOAUTH2 signs in with, before it is encoded."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def forget_token(application: Application) -> None:
    """Have the next token asked for anew: the server does not take the one there is."""
    _client(application).remove_tokens_for_client()


@lru_cache(maxsize=16)
def _client(application: Application) -> "msal.ConfidentialClientApplication":
    # It talks to the authority when it is made: not before a token is needed.
    return msal.ConfidentialClientApplication(
        application.client_id,
        client_credential=_credential(application),
        authority=f"{application.authority}/{application.tenant}",
        instance_discovery=False,  # the authority is the setting's word, national clouds included
        timeout=TIMEOUT,
    )


def _credential(application: Application) -> str | dict[str, str]:
    if not application.certificate:
        return application.secret
    try:
        pem = Path(application.certificate).read_bytes()
    except OSError as failure:
        raise MailboxError(f"{application.certificate}: {failure.strerror or failure}") from failure
    certificate = x509.load_pem_x509_certificate(pem)
    return {
        "private_key": pem.decode(),
        "public_certificate": pem.decode(),
        "thumbprint_sha256": certificate.fingerprint(SHA256()).hex(),
    }
