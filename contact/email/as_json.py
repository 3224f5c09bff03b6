"""A parsed mail as plain data for JSON: files without their content, with its sha256.  Pure."""

import hashlib
from datetime import datetime
from typing import Any

from contact.email.attachments import Attachment
from contact.email.headers import Address
from contact.email.parse import ParsedMail


def mail_as_data(mail: ParsedMail) -> dict[str, Any]:
    """Every field of `ParsedMail` under its name; instants as ISO 8601 in UTC, people as {"name", "address"}."""
    return {
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "subject": mail.subject,
        "sender": _person(mail.sender),
        "to": [_person(person) for person in mail.to],
        "cc": [_person(person) for person in mail.cc],
        "reply_to": [_person(person) for person in mail.reply_to],
        "date": _instant(mail.date),
        "text": mail.text,
        "html": mail.html,
        "reply": mail.reply,
        "attachments": [_file(each) for each in mail.attachments],
        "is_automatic": mail.is_automatic,
        "is_list": mail.is_list,
        "bounce": mail.bounce
        and {
            "failed": [{"address": address, "status": status} for address, status in mail.bounce.failed],
            "original_message_id": mail.bounce.original_message_id,
        },
        "charset_guessed": mail.charset_guessed,
    }


def _person(person: Address) -> dict[str, str]:
    return {"name": person.name, "address": person.address}


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _file(file: Attachment) -> dict[str, Any]:
    inside = file.container
    return {
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "content_id": file.content_id,
        "inline": file.inline,
        "container": inside.kind if inside else None,
        "contents": [{"name": each.name, "size": each.size} for each in inside.files] if inside else [],
        "signers": [{"name": each.name, "signed_at": _instant(each.signed_at)} for each in inside.signers]
        if inside
        else [],
    }
