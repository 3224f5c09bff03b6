"""Wake a task of a room above, once the rows that it will find are committed."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def after_commit(task: str, *args: int | str) -> None:
    """Send `task` after the commit; a nudge that is lost is made good by the beat sweep behind it."""
    transaction.on_commit(lambda: _send(task, *args))


def _send(task: str, *args: int | str) -> None:
    try:
        current_app.send_task(task, args=args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as down:
        logger.warning("Broker not reached, %s waits for the sweep: %s", task, down)
