"""The files of a draft: put to it while it is written, and frozen with its version.  (E-II.4c)"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from audit.actions import record
from audit.verbs import Verb
from directory.models import User
from tickets import files
from tickets.actions.drafting import DraftMoved, locked_draft
from tickets.actions.receiving import File
from tickets.actions.replying import MailTooLarge
from tickets.models import Draft, DraftFile
from tickets.sizes import mail_size


@transaction.atomic
def add_files(draft: Draft, added: Sequence[File], *, by: User, at: datetime) -> None:
    """Put files to a draft that is being written; the same file twice is once. Raises DraftMoved, MailTooLarge."""
    if not added:
        return
    draft = _writing(draft)
    sizes = [*draft.files.values_list("size", flat=True), *(len(one.content) for one in added)]
    if mail_size(sizes) > settings.MAX_MAIL:
        raise MailTooLarge(sizes)
    hashes = files.store_many(one.content for one in added)
    DraftFile.objects.bulk_create(
        [
            DraftFile(
                draft=draft,
                name=one.name[:300],
                content_type=one.content_type[:200],
                size=len(one.content),
                sha256=sha256,
            )
            for one, sha256 in zip(added, hashes, strict=True)
        ],
        ignore_conflicts=True,
    )
    record(draft, Verb.DRAFT_FILES_CHANGED, by=by, at=at, added=[one.name for one in added])


@transaction.atomic
def remove_file(file: DraftFile, *, by: User, at: datetime) -> None:
    """Take a file off a draft that is being written; a no-op if it is gone. Raises DraftMoved."""
    draft = _writing(file.draft)
    gone, _ = DraftFile.objects.filter(pk=file.pk).delete()
    if gone:
        record(draft, Verb.DRAFT_FILES_CHANGED, by=by, at=at, removed=[file.name])


def _writing(draft: Draft) -> Draft:
    _ticket, draft = locked_draft(draft)
    if draft.state != Draft.State.WRITING:
        raise DraftMoved(state=draft.get_state_display())
    return draft
