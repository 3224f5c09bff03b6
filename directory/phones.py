"""Phone numbers as the world writes them: E.164 ("+37129123456"); without a country code, Latvia's. Pure."""

import phonenumbers

COUNTRY = "LV"


class NotAPhone(ValueError):
    """The text is no number that a phone could have."""


def normalise(text: str) -> str:
    """Return the number in E.164. Raises NotAPhone."""
    try:
        number = phonenumbers.parse(text, COUNTRY)
    except phonenumbers.NumberParseException:
        raise NotAPhone(text) from None
    if not phonenumbers.is_valid_number(number):
        raise NotAPhone(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spaced(number: str) -> str:
    """Return a number in E.164 as people read it: "+371 29 123 456"."""
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
