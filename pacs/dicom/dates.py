"""Dates and times of DICOM as Python has them, or None: real files hold any text in them (PS3.5 §6.2)."""

import re
from datetime import date, time

_DATE = re.compile(r"(\d{4})([.\-/]?)(\d{2})\2(\d{2})", re.ASCII)  # with dots in the days of ACR-NEMA
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)


def parse_date(text: str) -> date | None:
    """Return a DA value as a date."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """Return a TM value as a time. What it leaves out is zero."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second, fraction = (part or "0" for part in found.groups())
    try:
        return time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0")))
    except ValueError:
        return None
