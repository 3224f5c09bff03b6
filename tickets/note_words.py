"""What its writer is told of a note that names colleagues."""

from django.utils.translation import gettext as _

from tickets.actions.noting import Noted


def noted_words(noted: Noted) -> list[str]:
    """Return whom the note told, and whom it did not and why: a note gives nobody access."""
    words = []
    if noted.told:
        words.append(_("Told: %(names)s.") % {"names": ", ".join(str(one) for one in noted.told)})
    if noted.unseeing:
        names = ", ".join(str(one) for one in noted.unseeing)
        words.append(
            _("Not told, as they do not see this ticket: %(names)s. Forward it, or tell them yourself.")
            % {"names": names}
        )
    if noted.unclear:
        names = ", ".join(f"@{one}" for one in noted.unclear)
        words.append(
            _("Nobody was told by %(names)s: write the name and surname of a colleague of the desk.") % {"names": names}
        )
    return words
