"""All suites, and how much of each half the parser fulfils."""

from tests.suites import bounces, letters, mailparser, published, replies
from tests.suites.samples import Suite


def all_suites() -> dict[str, Suite]:
    """All of them; one that cannot be fetched skips the test, or fails it with CI=true."""
    source = published.folder
    return {
        "flufl.bounce": bounces.flufl(source("flufl.bounce")),
        "BounceParser": bounces.bounce_parser(source("libmail-deliverystatus-bounceparser-perl")),
        "baunsu": bounces.baunsu(source("baunsu")),
        "talon": replies.talon(source("talon")),
        "quotequail": replies.quotequail(source("quotequail")),
        "parse-reply": replies.parse_reply(source("parse-reply")),
        "tnefparse": letters.winmail(source("tnefparse")),
        "mailparser": mailparser.mailparser(source("mailparser")),
        "CPython": letters.letters("CPython", sorted(published.interpreter_mails().glob("*.txt"))),
        "django-mailbox": letters.letters(
            "django-mailbox", sorted((source("django-mailbox") / "django_mailbox/tests/messages").glob("*.eml"))
        ),
        "mail-parser": letters.letters("mail-parser", sorted((source("mail-parser") / "tests/mails").glob("mail_*"))),
    }


def figures(suites: dict[str, Suite]) -> tuple[list[str], float]:
    """Lines to print, and the share of the held-out half that is fulfilled."""
    lines = [f"{'suite':<16}{'held out':>12}{'tuned on':>12}{'left out':>10}"]
    sums = {True: [0, 0], False: [0, 0]}
    for name, suite in suites.items():
        shown = []
        for half in (True, False):
            verdicts = [sample.verdict() for sample in suite.samples if sample.is_held_out is half]
            met = verdicts.count("")
            sums[half][0] += met
            sums[half][1] += len(verdicts)
            shown.append(f"{met}/{len(verdicts)}")
        lines.append(f"{name:<16}{shown[0]:>12}{shown[1]:>12}{suite.excluded:>10}")
    held, tuned = (f"{met}/{count} {met / count:.1%}" for met, count in (sums[True], sums[False]))
    return [*lines, f"in all: held out {held}, tuned on {tuned}"], sums[True][0] / sums[True][1]
