"""Mails as bytes, for what comes in through the mailbox."""

from email.message import EmailMessage

CLIENT = "Pēteris Krūmiņš <peteris@krumins.example>"
OLD_DATE = "Tue, 01 Jan 2019 10:00:00 +0000"


def mail(
    *,
    sender: str = CLIENT,
    subject: str = "Pārskatā nesakrīt kopsumma",
    text: str = "Labdien! Kopsumma nesakrīt.",
    message_id: str = "<first@krumins.example>",
    to: str = "emus@desk.example",
    **headers: str,
) -> bytes:
    """Return a mail; further headers by keyword, with "_" for "-". Its Date is always years old."""
    made = EmailMessage()
    if sender:
        made["From"] = sender
    made["To"], made["Subject"], made["Date"], made["Message-ID"] = to, subject, OLD_DATE, message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def report(original_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """Return a delivery report about the mail with `original_id`, as a mail server writes it."""
    lines = [
        "From: Mail Delivery Subsystem <mailer-daemon@mx.example>",
        "To: emus@desk.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <report@mx.example>",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I could not deliver your message.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        "Final-Recipient: rfc822; peteris@krumins.example",
        f"Action: {action}",
        f"Status: {status}",
        "",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {original_id}",
        "Subject: Re: something",
        "",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()
