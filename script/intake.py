"""The mails, the server and the peer of `script/bench intake`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

RECEIVED = datetime(2025, 11, 20, 9, tzinfo=UTC)
SENTENCES = """Labdien! Iesniedzot procesa pārskatu, sistēma paziņo par nesakritību starp kopsummu un pielikumu.
Esmu pārbaudījis visas rindas, un atšķirība ir tieši 12,40 euro. Ekrānuzņēmumu pievienoju.
Lūdzu, paskaidrojiet, kā labot kreditoru prasījumu reģistru pēc tā apstiprināšanas.
Kreditora nosaukums ir mainīts, bet sarakstā redzams vecais. Vai tas mainīsies pats?
Termiņš ir piektdien, tāpēc būšu pateicīgs par ātru atbildi. Ar cieņu, administrators""".splitlines()


def mails(number: int) -> Iterator[bytes]:
    """Yield letters in plain text and HTML: every tenth with a file of 100 kB, every fifth a reply to an earlier one."""
    chance = Random(1)
    for place in range(number):
        made = EmailMessage()
        made["From"] = f"Administrators {place % 500} <administrators{place % 500}@birojs.example>"
        made["To"], made["Subject"] = "emus@desk.example", f"Pārskatā nesakrīt kopsumma, lieta {place}"
        made["Date"], made["Message-ID"] = RECEIVED, f"<{place}@birojs.example>"
        lines = [chance.choice(SENTENCES) for _ in range(12)]
        if place % 5 == 4:
            earlier = chance.randrange(place)
            made["In-Reply-To"] = made["References"] = f"<{earlier}@birojs.example>"
            made.replace_header("From", f"Administrators <administrators{earlier % 500}@birojs.example>")
            lines += ["", "2025. gada 19. nov., plkst. 10:12, EMUS <emus@desk.example> rakstīja:"]
            lines += [f"> {chance.choice(SENTENCES)}" for _ in range(8)]
        made.set_content("\n".join(lines))
        html = "".join(f'<p class="MsoNormal"><span style="color:#1F497D">{line}</span></p>\n' for line in lines)
        made.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
        if place % 10 == 9:
            made.add_attachment(chance.randbytes(100_000), "application", "pdf", filename=f"pārskats {place}.pdf")
        yield made.as_bytes(policy=policy.SMTP)


def raw_rate(number: int) -> float:
    """Return how many of these mails a second Python's own parser takes apart."""
    raws = list(mails(number))
    began = perf_counter()
    for raw in raws:
        for part in message_from_bytes(raw, policy=policy.default).walk():
            if not part.is_multipart():
                part.get_content()
    return number / (perf_counter() - began)


@contextmanager
def server(number: int) -> Iterator[str]:
    """Run an IMAP server with that many letters waiting; yield its MAILBOX_URL."""
    from tests.support.dovecot import Dovecot

    with Dovecot() as dovecot:
        with dovecot.client() as client:
            for place, raw in enumerate(mails(number)):
                client.append("INBOX", raw, msg_time=RECEIVED + timedelta(seconds=place))
        yield dovecot.url


# --- django-helpdesk, from the same server -------------------------------------------------------------------------

PEER = """
import json, os, sys, types
from time import perf_counter
from urllib.parse import unquote, urlsplit
import django
from django.conf import settings

database, mailbox, media = sys.argv[1:]
base, box = urlsplit(database), urlsplit(mailbox)
settings.configure(
    SECRET_KEY="bench", USE_TZ=True, MEDIA_ROOT=media, SITE_ID=1, ROOT_URLCONF="peer_urls", STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": base.path[1:], "USER": base.username,
        "PASSWORD": base.password or "", "HOST": base.hostname, "PORT": base.port}},
    INSTALLED_APPS=["django.contrib." + name for name in
        ("auth", "contenttypes", "sessions", "sites", "humanize", "messages", "admin")] + ["rest_framework", "helpdesk"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    HELPDESK_TEAMS_MODE_ENABLED=False, LOGGING_CONFIG=None,
)
django.setup()
from django.core.management import call_command
from helpdesk.email import process_email
from helpdesk.models import FollowUp, Queue
from django.urls import include, path
sys.modules["peer_urls"] = types.ModuleType("peer_urls")
sys.modules["peer_urls"].urlpatterns = [path("", include("helpdesk.urls"))]
call_command("migrate", verbosity=0)
Queue.objects.create(title="EMUS", slug="emus", email_address="emus@desk.example", allow_email_submission=True,
    email_box_type="imap", email_box_host=box.hostname, email_box_port=box.port, email_box_user=unquote(box.username),
    email_box_pass=unquote(box.password), email_box_imap_folder="INBOX", email_box_interval=0, logging_type="none")
began = perf_counter()
process_email(quiet=True)
print(json.dumps({"seconds": perf_counter() - began, "taken": FollowUp.objects.count()}))
"""


def peer_rate(database: str, mailbox: str) -> tuple[str, float]:
    """Return django-helpdesk's version and how many mails a second it takes in, in an environment made for it.

    Raises CalledProcessError if it cannot be installed or run; then its words are on stderr.
    """
    with TemporaryDirectory() as folder:
        python = f"{folder}/bin/python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, *install, "django-helpdesk", "psycopg2-binary"], check=True, stderr=subprocess.PIPE)
        show = "import importlib.metadata as m; print(m.version('django-helpdesk'))"
        version = subprocess.run([python, "-c", show], check=True, capture_output=True, text=True).stdout.strip()
        run = [python, "-c", PEER, database, mailbox, f"{folder}/media"]
        done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        found = json.loads(done.stdout.splitlines()[-1])
    return version, found["taken"] / found["seconds"]
