"""A mailbox in Microsoft 365, over Microsoft Graph.  (v1.0: messages, delta, followupFlag)

`graph://:secret@tenant/user@office.example?client_id=...`, the secret percent-encoded; instead of a secret
`certificate=/path/to.pem`. `authority=` and `endpoint=` name a national cloud. `sent=server` says that the mail server
itself keeps a copy of what is sent. The application needs the permission Mail.ReadWrite on that mailbox.

Marks are the flags of Outlook. Graph has no UIDs: they are given in order of appearance by the rows of RemoteMail, kept
up to date by a delta query, so that a look into the mailbox costs what is new in it.
"""

import base64
import logging
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

import requests
from django.db import transaction

from contact.email import oauth
from contact.email.mailbox import Mail, Mailbox, MailboxError, MailUnreadable
from contact.models import RemoteFolder, RemoteMail
from directory.models import Desk

logger = logging.getLogger(__name__)
ENDPOINT = "https://graph.microsoft.com"
TIMEOUT = (10, 60)  # seconds: to connect, to hear anything
TRIES = 4
LONGEST_WAIT = 30.0  # seconds; a server that asks for more is asked again at the next check
INBOX, SENT = "inbox", "sentitems"
MARKS = {"notFlagged": "none", "flagged": "incomplete", "complete": "complete"}
FLAGS = {mark: flag for flag, mark in MARKS.items()}
# The same id for a mail wherever it is moved to within the mailbox.
PREFER = 'IdType="ImmutableId", odata.maxpagesize=500'


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    json: dict[str, Any]


class Gone(Exception):
    """The thing asked for is not there (404), or not any more (410)."""


@contextmanager
def opened(url: str, desk: Desk) -> Iterator[Mailbox]:
    """Sign in and list what is new in the inbox, for a `with` block; failures become MailboxError."""
    with requests.Session() as session:
        yield GraphMailbox(_Line(urlsplit(url), session), desk, INBOX)


class _Line:
    """Requests to Graph on behalf of one mailbox."""

    def __init__(self, parts: SplitResult, session: requests.Session) -> None:
        query = parse_qs(parts.query)
        endpoint = query.get("endpoint", [ENDPOINT])[0].rstrip("/")
        self.user = unquote(parts.path.strip("/"))
        self.keeps_sent = query.get("sent", [""])[0] == "server"
        self._root = f"{endpoint}/v1.0/users/{quote(self.user)}"
        self._application = oauth.application_in(parts, f"{endpoint}/.default", tenant=parts.hostname or "")
        self._session = session

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        """Send a request; `path` is below the mailbox, or a whole address that an answer gave.

        Raises Gone, or MailboxError once a few tries have been in vain.
        """
        for attempt in range(1, TRIES + 1):
            answer = self._send(method, path, **more)
            if answer.status_code == 401 and attempt == 1:
                oauth.forget_token(self._application)
            elif answer.status_code in (429, 500, 502, 503, 504) and attempt < TRIES:
                time.sleep(_pause(answer, attempt))
            else:
                break
        if answer.status_code in (404, 410) and _code_of(answer) != "ErrorInvalidUser":
            raise Gone
        if not answer.ok:
            raise MailboxError(f"{answer.status_code} {_words_of(answer)}")
        return Answer(answer.status_code, answer.content, _json_of(answer))

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list, the last of a delta query with its `@odata.deltaLink`."""
        while path:
            page = self.ask("GET", path).json
            yield page
            path = page.get("@odata.nextLink", "")

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("https://") else f"{self._root}/{path}"
        if not url.startswith(self._root.partition("/v1.0/")[0]):
            raise MailboxError(f"{url.partition('?')[0]} is not at the endpoint of the mailbox")  # the token stays here
        headers = {"Authorization": f"Bearer {oauth.token_for(self._application)}", "Prefer": PREFER}
        try:
            return self._session.request(
                method, url, timeout=TIMEOUT, headers=headers | more.pop("headers", {}), **more
            )
        except requests.RequestException as failure:
            raise MailboxError(f"cannot reach {urlsplit(url).hostname}: {failure}") from failure


class GraphMailbox:
    uidvalidity = 1

    def __init__(self, line: _Line, desk: Desk, folder: str) -> None:
        self._line, self._desk, self.folder = line, desk, folder
        self._row, _ = RemoteFolder.objects.get_or_create(desk=desk, user=line.user, name=folder)
        self._list_changes()

    def uids(self, from_uid: int, since: date) -> tuple[list[int], list[int]]:
        day = datetime(since.year, since.month, since.day, tzinfo=UTC)
        found = self._there().filter(pk__gte=from_uid)
        recent, older = found.filter(received_at__gte=day), found.filter(received_at__lt=day)
        return list(recent.values_list("pk", flat=True)), list(older.values_list("pk", flat=True))

    def all_uids(self) -> list[int]:
        return list(self._there().values_list("pk", flat=True))

    def read(self, uid: int) -> Mail | None:
        row = self._there().filter(pk=uid).first()
        if row is None:
            return None
        try:
            raw = self._line.ask("GET", f"messages/{quote(row.remote_id)}/$value").content
        except Gone:
            return None
        return Mail(uid, row.received_at, raw)

    def read_many(self, uids: Iterable[int]) -> Iterator[Mail | MailUnreadable]:
        return (mail for mail in map(self.read, uids) if mail is not None)

    def set_mark(self, uid: int, mark: str) -> None:
        row = self._there().filter(pk=uid).first()
        if row is None:
            return
        try:
            flag = {"flag": {"flagStatus": FLAGS[mark]}}
            self._line.ask("PATCH", f"messages/{quote(row.remote_id)}", json=flag)
        except Gone:
            return
        RemoteMail.objects.filter(pk=uid).update(mark=mark)

    def marks(self, uids: Collection[int]) -> dict[int, str]:
        self._list_changes()
        return dict(self._there().filter(pk__in=uids).values_list("pk", "mark"))

    def sent(self) -> "GraphMailbox | None":
        return GraphMailbox(self._line, self._desk, SENT) if self.folder == INBOX else None

    def is_filed(self, message_id: str) -> bool:
        if self._line.keeps_sent:
            return True
        wanted = "internetMessageId eq '{}'".format(message_id.replace("'", "''"))
        query = f"$select=id&$top=1&$filter={quote(wanted)}"
        return bool(self._line.ask("GET", f"mailFolders/{SENT}/messages?{query}").json["value"])

    def is_full(self) -> bool:
        return False  # Graph tells no room left; what it then refuses says so itself

    def file(self, raw: bytes, at: datetime) -> None:
        self._line.ask(
            "POST",
            f"mailFolders/{SENT}/messages",
            data=base64.b64encode(raw),
            headers={"Content-Type": "text/plain"},
        )

    def _there(self) -> "Any":
        return RemoteMail.objects.filter(folder=self._row, is_there=True).order_by("pk")

    def _list_changes(self) -> None:
        """Bring the rows up to what the folder holds: by what has changed, or by all of it where that is forgotten."""
        link = self._row.delta_link
        try:
            pages = list(self._line.pages(link)) if link else []
        except Gone:  # the server keeps changes for some weeks only
            logger.info("%s of %s is listed anew", self.folder, self._line.user)
            link = ""
        if not link:
            pages = list(self._line.pages(f"mailFolders/{self.folder}/messages/delta?$select=receivedDateTime,flag"))
        _save_changes(self._row, pages, is_all=not link)


@transaction.atomic
def _save_changes(folder: RemoteFolder, pages: list[dict[str, Any]], *, is_all: bool) -> None:
    """Write what was listed. One at a time: a UID that shows itself has none below it still to come."""
    folder_row = RemoteFolder.objects.select_for_update().get(pk=folder.pk)
    items = {item["id"]: item for page in pages for item in page["value"]}
    mails = RemoteMail.objects.filter(folder=folder)
    if is_all:
        mails.exclude(remote_id__in=items).update(is_there=False)
    known = {row.remote_id: row for row in mails.filter(remote_id__in=items)}
    for remote_id, row in known.items():
        row.is_there = "@removed" not in items[remote_id]
        row.mark = _mark_of(items[remote_id], row.mark)
    RemoteMail.objects.bulk_update(known.values(), ["is_there", "mark"], batch_size=500)
    fresh = [item for remote_id, item in items.items() if remote_id not in known and "receivedDateTime" in item]
    fresh.sort(key=lambda item: str(item["receivedDateTime"]))
    RemoteMail.objects.bulk_create(
        RemoteMail(
            folder=folder,
            remote_id=item["id"],
            received_at=datetime.fromisoformat(item["receivedDateTime"]),
            mark=_mark_of(item, "none"),
        )
        for item in fresh
    )
    folder_row.delta_link = folder.delta_link = pages[-1].get("@odata.deltaLink", "")
    folder_row.save(update_fields=["delta_link"])


def _mark_of(item: dict[str, Any], before: str) -> str:
    """Return the mark of a listed mail; a change that does not tell of it leaves it as it was."""
    return MARKS.get(item.get("flag", {}).get("flagStatus", ""), before)


def _pause(answer: requests.Response, attempt: int) -> float:
    """Return how many seconds to wait before another try. Raises MailboxError where that is too long."""
    asked = answer.headers.get("Retry-After", "")
    pause = float(asked) if asked.isdigit() else float(2**attempt)
    if pause > LONGEST_WAIT:
        raise MailboxError(f"the server is busy and asks to wait {timedelta(seconds=pause)}")
    return pause


def _json_of(answer: requests.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    try:
        found: dict[str, Any] = answer.json()
    except requests.JSONDecodeError as failure:
        raise MailboxError(f"the server's answer cannot be read: {failure}") from failure
    return found


def _code_of(answer: requests.Response) -> str:
    return str(_json_of(answer).get("error", {}).get("code", ""))


def _words_of(answer: requests.Response) -> str:
    error = _json_of(answer).get("error", {})
    return f"{error.get('code', answer.reason)}: {error.get('message', '')}".rstrip(": ")
