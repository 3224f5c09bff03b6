"""The Celery application and its whole schedule: what runs by itself, and how often."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

warnings.filterwarnings("ignore", category=SecurityWarning)  # a demonstration may well be run by root
TRANSPORT_ALIASES["filesystem"] = "helpdesk.folder_broker:Transport"
app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["contact.email"])

# A tick that finds its predecessor still waiting is worth nothing: it expires with the next one.
app.conf.beat_schedule = {
    # Every 20 seconds: three failed checks within a minute are an outage.
    "check mailboxes (E-II.1a)": {"task": "contact.email.check_inboxes", "schedule": 20.0, "options": {"expires": 20}},
    "try sending again (E-II.2)": {"task": "contact.email.try_sending", "schedule": 20.0, "options": {"expires": 20}},
    # Often, since a reply that nobody takes back leaves within this of its waiting time.
    "send what is queued": {"task": "contact.email.deliver_due", "schedule": 5.0, "options": {"expires": 5}},
    "look after what was sent": {"task": "contact.email.recover", "schedule": 30.0, "options": {"expires": 30}},
    "write marks to the mailbox (E-II.5)": {
        "task": "contact.email.write_marks",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "compare mailboxes with the ledger, by night and when asked (E-II.1a)": {
        "task": "contact.email.compare_nightly",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "go on with recalculations": {"task": "sla.resume_recalculations", "schedule": 300.0, "options": {"expires": 300}},
    "go on with imports": {"task": "directory.resume_imports", "schedule": 60.0, "options": {"expires": 60}},
    "bring back waiting tickets": {"task": "tickets.resume_due", "schedule": 60.0, "options": {"expires": 60}},
    "check files for viruses": {"task": "tickets.scan_files", "schedule": 60.0, "options": {"expires": 60}},
    "sweep deadlines": {"task": "escalation.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "mail notices to staff": {"task": "escalation.mail_notices", "schedule": 60.0, "options": {"expires": 60}},
}


@setup_logging.connect  # type: ignore[untyped-decorator]
def use_django_logging(**_: object) -> None:
    """Leave logging as Django set it up, so that all processes of the product log alike."""
