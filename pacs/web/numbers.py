"""Numbers as people read them, in the language of the page."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

KILO, MEGA, GIGA = 10**3, 10**6, 10**9


def number(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return str(number_format(value, force_grouping=True))


def size(plain_bytes: int) -> str:
    """Return a size in decimal units, as storage is billed: a GB is 10⁹ bytes."""
    if plain_bytes >= GIGA:
        return _("%(number)s GB") % {"number": number_format(plain_bytes / GIGA, 1)}
    if plain_bytes >= MEGA:
        return _("%(number)s MB") % {"number": number_format(plain_bytes / MEGA, 1)}
    return _("%(number)s kB") % {"number": number(-(-plain_bytes // KILO))}
