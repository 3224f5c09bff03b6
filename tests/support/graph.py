"""A server that answers as the documentation of Microsoft Graph and of Entra ID says, over TLS on this machine.

Tokens by client credentials; messages of two folders with immutable ids, delta queries by page, MIME, flags, errors as
JSON. Where a test asks for it: throttling, an expired token, forgotten delta links.
"""

import base64
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.tls import make_certificate

USER, TENANT, CLIENT, SECRET = "emus@desk.example", "tenant.example", "client-1", "s3cret/+%"


@dataclass
class Held:
    id: str
    folder: str
    raw: bytes
    received_at: datetime
    flag: str = "notFlagged"
    is_read: bool = False
    changed: int = 0
    is_gone: bool = False


@dataclass
class GraphServer:
    """`with GraphServer(folder) as server:` runs it; `server.url` is its MAILBOX_URL, `server.certificate` to trust."""

    folder: Path
    page: int = 2
    mails: list[Held] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: list[dict] = field(default_factory=list)
    # Answers to come before any other: (status, headers, error code).
    trouble: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    forgotten: bool = False
    clock: int = 0

    def __enter__(self) -> "GraphServer":
        self.certificate = make_certificate(self.folder / "graph.pem")
        server = self
        handler = type("Handler", (Handler,), {"held": server})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.base = f"https://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return self.url_with(f":{quote(SECRET, safe='')}@")

    def url_with(self, who: str, more: str = "") -> str:
        there = f"authority={quote(self.base)}&endpoint={quote(self.base)}"
        return f"graph://{who}{TENANT}/{USER}?client_id={CLIENT}&{there}{more}"

    def deliver(self, raw: bytes, at: datetime, folder: str = "inbox") -> Held:
        held = Held(f"AAkALg=={len(self.mails):04}", folder, raw, at, changed=self._tick())
        self.mails.append(held)
        return held

    def change(self, held: Held, **facts: object) -> None:
        for name, value in facts.items():
            setattr(held, name, value)
        held.changed = self._tick()

    def _tick(self) -> int:
        self.clock += 1
        return self.clock


class Handler(BaseHTTPRequestHandler):
    held: GraphServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:  # noqa: N802
        self._answer("GET")

    def do_POST(self) -> None:  # noqa: N802
        self._answer("POST")

    def do_PATCH(self) -> None:  # noqa: N802
        self._answer("PATCH")

    def _answer(self, method: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path.startswith(f"/{TENANT}/"):
            return self._entra(path)
        self.held.asked.append(f"{method} {path.removeprefix(f'/v1.0/users/{USER}/')}")
        if self.held.trouble:
            status, headers, code = self.held.trouble.pop(0)
            return self._error(status, code, headers=headers)
        if self.headers.get("Authorization") != f"Bearer token-{len(self.held.tokens)}":
            return self._error(401, "InvalidAuthenticationToken")
        assert 'IdType="ImmutableId"' in self.headers["Prefer"]
        if not path.startswith(f"/v1.0/users/{USER}/"):
            return self._error(404, "ErrorInvalidUser")
        return self._mailbox(method, path.removeprefix(f"/v1.0/users/{USER}/"), query)

    def _entra(self, path: str) -> None:
        base = f"{self.held.base}/{TENANT}"
        if path.endswith("/.well-known/openid-configuration"):
            return self._json(
                200,
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                },
            )
        asked = {name: values[0] for name, values in parse_qs(self.body.decode()).items()}
        is_known = asked.get("client_secret") == SECRET or "client_assertion" in asked
        if asked.get("client_id") != CLIENT or not is_known or asked["grant_type"] != "client_credentials":
            words = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"
            return self._json(401, {"error": "invalid_client", "error_description": words})
        self.held.tokens.append(asked)
        token = f"token-{len(self.held.tokens)}"
        return self._json(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def _mailbox(self, method: str, path: str, query: dict[str, str]) -> None:
        if found := re.fullmatch(r"mailFolders/(\w+)/messages/delta", path):
            return self._delta(found[1], query)
        if found := re.fullmatch(r"mailFolders/(\w+)/messages", path):
            return self._list(found[1], query) if method == "GET" else self._create(found[1])
        mail_id = path.split("/")[1]
        held = next((one for one in self.held.mails if one.id == mail_id and not one.is_gone), None)
        if held is None:
            return self._error(404, "ErrorItemNotFound")
        if path.endswith("/$value"):
            return self._send(200, held.raw, "text/plain")
        self.held.change(held, flag=json.loads(self.body)["flag"]["flagStatus"])
        return self._json(200, {"id": held.id})

    def _delta(self, folder: str, query: dict[str, str]) -> None:
        """Answer a page: of everything, or of what has changed since the state that the token names."""
        since, start, until = (int(one) for one in query.get("$token", f"0.0.{self.held.clock}").split("."))
        until = until or self.held.clock
        if since and self.held.forgotten:
            self.held.forgotten = False
            return self._error(410, "SyncStateNotFound")
        mails = [one for one in self.held.mails if one.folder == folder and since < one.changed <= until]
        mails = [one for one in mails if since or not one.is_gone]
        here = f"{self.held.base}{urlsplit(self.path).path}?$token="
        page = mails[start : start + self.held.page]
        is_last = start + self.held.page >= len(mails)
        further = f"{since}.{start + self.held.page}.{until}"
        state = {"@odata.deltaLink": f"{here}{until}.0.0"} if is_last else {"@odata.nextLink": f"{here}{further}"}
        return self._json(200, {"value": [self._item(one) for one in page], **state})

    def _item(self, one: Held) -> dict:
        if one.is_gone:
            return {"id": one.id, "@removed": {"reason": "deleted"}}
        received = one.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"id": one.id, "receivedDateTime": received, "flag": {"flagStatus": one.flag}}

    def _list(self, folder: str, query: dict[str, str]) -> None:
        wanted = re.fullmatch(r"internetMessageId eq '(.*)'", query["$filter"])[1].replace("''", "'")
        mails = [one for one in self.held.mails if one.folder == folder and not one.is_gone]
        found = [one for one in mails if message_from_bytes(one.raw)["Message-ID"] == wanted]
        return self._json(200, {"value": [{"id": one.id} for one in found]})

    def _create(self, folder: str) -> None:
        if self.headers["Content-Type"] != "text/plain":
            return self._error(400, "ErrorInvalidRequest")
        held = self.held.deliver(base64.b64decode(self.body, validate=True), datetime.now(UTC), folder)
        return self._json(201, {"id": held.id})

    def _error(self, status: int, code: str, *, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": {"code": code, "message": "It says why."}}).encode()
        return self._send(status, body, "application/json", headers or {})

    def _json(self, status: int, found: dict) -> None:
        return self._send(status, json.dumps(found).encode(), "application/json; odata.metadata=minimal")

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
