"""Why a mailbox or a mail server failed: from an exception to a cause. Pure.  (E-II.2)

Python's own exceptions say little at the top (`abort: socket error`), so the chain is read from its innermost link. A
refusal that concerns one recipient or one mail is no failure of the server: it has no cause, and makes no outage.
"""

import errno
import imaplib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator

from imapclient.exceptions import LoginError
from requests.exceptions import HTTPError

from contact.email.mailbox import MailboxError
from escalation.models import Outage

Cause = Outage.Cause

FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR}
UNREACHED = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EPIPE}
# Codes that an IMAP server puts into its answer.  (RFC 5530, RFC 9208)
ANSWERS = {
    "AUTHENTICATIONFAILED": Cause.LOGIN,
    "AUTHORIZATIONFAILED": Cause.LOGIN,
    "EXPIRED": Cause.LOGIN,
    "PRIVACYREQUIRED": Cause.TLS,
    "OVERQUOTA": Cause.QUOTA,
    "NONEXISTENT": Cause.FOLDER,
    "TRYCREATE": Cause.FOLDER,
    "NOPERM": Cause.FOLDER,
    "UNAVAILABLE": Cause.PROTOCOL,
    "LIMIT": Cause.PROTOCOL,
    "INUSE": Cause.PROTOCOL,
    "SERVERBUG": Cause.PROTOCOL,
}
STATUSES = {401: Cause.LOGIN, 403: Cause.LOGIN, 404: Cause.FOLDER, 507: Cause.QUOTA}
# Answers to a recipient, or to the content, that are about us all the same: the server is closing, wants a login first,
# does not relay for us, or takes nothing more from our account. 5.7.57 and the like are Exchange's.
ABOUT_US_CODES = {421, 530, 535, 538}
ABOUT_US = re.compile(rb"relay|\b5\.7\.57\b|\b5\.7\.60\b|\b5\.7\.708\b|\b5\.1\.90\b|\b5\.2\.252\b", re.IGNORECASE)
TOO_LARGE = re.compile(rb"\b5\.3\.4\b|message size|size limit|too large|too big", re.IGNORECASE)
FULL_SENDER = re.compile(rb"\b[45]\.2\.2\b|quota", re.IGNORECASE)


def cause_of(failure: BaseException) -> Cause:
    """Return why a mailbox failed."""
    for one in _innermost_first(failure):
        named = one.cause if isinstance(one, MailboxError) else ""
        found = Cause(named) if named else _cause_of_one(one)
        if found is not None:
            return found
    return Cause.OTHER


def sending_cause_of(failure: BaseException) -> Cause | None:
    """Return why sending failed as a whole; None where only this recipient or this mail was refused."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        refusals = failure.recipients.values()
        is_ours = bool(refusals) and all(_is_about_us(code, text) for code, text in refusals)
        return Cause.REFUSED if is_ours else None
    if isinstance(failure, smtplib.SMTPSenderRefused) and TOO_LARGE.search(_bytes(failure.smtp_error)):
        return None
    if isinstance(failure, smtplib.SMTPDataError):
        return Cause.REFUSED if _is_about_us(failure.smtp_code, failure.smtp_error) else None
    if isinstance(failure, OSError):
        return cause_of(failure)
    return None


def _is_about_us(code: int, text: bytes | str) -> bool:
    return code in ABOUT_US_CODES or bool(ABOUT_US.search(_bytes(text)))


def _innermost_first(failure: BaseException) -> Iterator[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = failure
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return reversed(chain)


def _cause_of_one(failure: BaseException) -> Cause | None:
    match failure:
        case socket.gaierror():
            return Cause.NAME
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Cause.CONNECT  # the line broke; nothing is wrong with the certificate
        case ssl.SSLError():
            return Cause.TLS
        case smtplib.SMTPException():
            return _cause_of_smtp(failure)
        case imaplib.IMAP4.abort():
            return Cause.CONNECT
        case imaplib.IMAP4.error():
            return _cause_of_imap(failure)
        case HTTPError() if failure.response is not None:
            return STATUSES.get(failure.response.status_code, Cause.PROTOCOL)
        case OSError():
            return _cause_of_os(failure)
        case _:
            return None


def _cause_of_smtp(failure: smtplib.SMTPException) -> Cause:
    match failure:
        case smtplib.SMTPAuthenticationError():
            # 454: the server cannot ask its own directory now; the password may well be right.
            return Cause.REFUSED if 400 <= failure.smtp_code < 500 else Cause.LOGIN
        case smtplib.SMTPSenderRefused() if FULL_SENDER.search(_bytes(failure.smtp_error)):
            return Cause.QUOTA
        case smtplib.SMTPSenderRefused() if failure.smtp_code in (530, 535, 538):
            return Cause.LOGIN
        case smtplib.SMTPNotSupportedError():
            return (
                Cause.TLS if "STARTTLS" in str(failure) else Cause.LOGIN if "AUTH" in str(failure) else Cause.PROTOCOL
            )
        case smtplib.SMTPServerDisconnected():
            return Cause.CONNECT
        case smtplib.SMTPResponseException():
            return Cause.REFUSED
        case _:
            return Cause.PROTOCOL


def _cause_of_imap(failure: imaplib.IMAP4.error) -> Cause:
    words = str(failure)
    for code in re.findall(r"\[([A-Z]+)[\] ]", words):
        if code in ANSWERS:
            return ANSWERS[code]
    if isinstance(failure, LoginError):
        return Cause.LOGIN
    return Cause.FOLDER if words.startswith("select failed") else Cause.PROTOCOL


def _cause_of_os(failure: OSError) -> Cause | None:
    if isinstance(failure, ConnectionError | TimeoutError) or failure.errno in UNREACHED:
        return Cause.CONNECT
    if failure.errno in FULL:
        return Cause.QUOTA
    return Cause.FOLDER if failure.errno in CLOSED else None


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
