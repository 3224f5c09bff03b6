"""The interim notice: what the client is told when the matter goes to a colleague.  Pure.  (E-II.4a)

What goes to a client is Latvian whatever its writer reads.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

# The month in which, and by which: both are asked for.
IN_MONTH = (
    "janvārī", "februārī", "martā", "aprīlī", "maijā", "jūnijā",
    "jūlijā", "augustā", "septembrī", "oktobrī", "novembrī", "decembrī",
)  # fmt: skip
BY_MONTH = (
    "janvārim", "februārim", "martam", "aprīlim", "maijam", "jūnijam",
    "jūlijam", "augustam", "septembrim", "oktobrim", "novembrim", "decembrim",
)  # fmt: skip


def interim_notice(received_at: datetime, unit: str, promised_for: datetime, tz: ZoneInfo) -> str:
    """Return the text that the composer begins with: the receipt, the further course, the unit, the expected time."""
    at = received_at.astimezone(tz)
    received = f"{at.day}. {IN_MONTH[at.month - 1]} plkst. {at.hour}.{at.minute:02}"
    return (
        "Labdien!\n\n"
        f"Jūsu ziņojumu saņēmām {received}. Lai sniegtu pilnīgu atbildi, to nodevām kompetentajam kolēģim "
        f"({unit}), kurš gatavo atbildi pēc būtības.\n\n"
        f"Atbildi nosūtīsim līdz {time_named(promised_for, tz)}. Ja mums vajadzēs vairāk laika, "
        "par to Jums paziņosim pirms šī termiņa."
    )


def time_named(promised_for: datetime, tz: ZoneInfo) -> str:
    """Return the promised time as the notice names it: "20. novembrim plkst. 17.00"."""
    at = promised_for.astimezone(tz)
    return f"{at.day}. {BY_MONTH[at.month - 1]} plkst. {at.hour}.{at.minute:02}"


def names_time(text: str, promised_for: datetime, tz: ZoneInfo) -> bool:
    """Tell whether a notice tells the client the time that becomes a deadline."""
    plain = " ".join(text.replace("\u00a0", " ").split())
    return time_named(promised_for, tz) in plain
