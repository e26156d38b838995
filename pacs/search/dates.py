"""Dates, times and ranges of them as queries write them (PS3.5 §6.2, PS3.4 §C.2.2.2.5). Pure."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

from pacs.search.criteria import BadValue, Bound, Range

_DATE = re.compile(r"([0-9]{4})(\.?)([0-9]{2})\2([0-9]{2})")  # with dots as ACR-NEMA wrote it
_TIME = re.compile(r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_MOMENT = re.compile(
    r"(?P<digits>[0-9]{4}(?:[0-9]{2}){0,5})(?:(?<=[0-9]{14})\.(?P<fraction>[0-9]{1,6}))?(?P<offset>[+-][0-9]{4})?"
)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)


def days(text: str) -> Range[date]:
    """This will read a DA key: a day or a range of days. Raises BadValue."""
    return _split_at_hyphen(text, _day, _day)


def times(text: str) -> Range[time]:
    """This will read a TM key: a time of day or a range, reaching to the end of what was written."""
    return _split_at_hyphen(text, _earliest_time, _latest_time)


def moments(text: str) -> Range[datetime]:
    """This will read a DT key. A hyphen begins an offset from UTC where that makes sense, else a bound."""
    if _is_moment(text):
        return Range(_earliest_moment(text), _latest_moment(text))
    for at, character in enumerate(text):
        parts = text[:at].strip(), text[at + 1 :].strip()
        if character == "-" and any(parts) and all(_is_moment(part) for part in parts if part):
            return _bounds(*parts, _earliest_moment, _latest_moment)
    raise BadValue("not a date-time")


def combined(day_text: str, time_text: str) -> Range[datetime]:
    """This will read a range of days and one of times as one span, from the first time of the first day."""
    on, at = days(day_text), times(time_text)
    low = None if on.low is None else datetime.combine(on.low, at.low or time.min)
    high = None if on.high is None else datetime.combine(on.high, at.high or time.max)
    return Range(low, high)


def _split_at_hyphen(
    text: str, earliest: Callable[[str], Bound], latest: Callable[[str], Bound]
) -> Range[Bound]:
    low, hyphen, high = text.partition("-")
    return _bounds(low.strip(" \0"), (high if hyphen else low).strip(" \0"), earliest, latest)


def _bounds(
    low: str, high: str, earliest: Callable[[str], Bound], latest: Callable[[str], Bound]
) -> Range[Bound]:
    if not (low or high):
        raise BadValue("range without bounds")
    return Range(earliest(low) if low else None, latest(high) if high else None)


def _day(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadValue("not a date")
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError as error:
        raise BadValue("not a date") from error


def _earliest_time(text: str) -> time:
    return _time(text, minute=0, second=0, fraction="0")


def _latest_time(text: str) -> time:
    return _time(text, minute=59, second=59, fraction="9")


def _time(text: str, *, minute: int, second: int, fraction: str) -> time:
    """Read a time; the arguments stand in for what was left out."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise BadValue("not a time")
    micros = int((match[4] or "").ljust(6, fraction))
    # 60 is a leap second (PS3.5 §6.2), which Python's clock has not.
    seconds = min(int(match[3]), 59) if match[3] else second
    try:
        return time(int(match[1]), int(match[2] or minute), seconds, micros)
    except ValueError as error:
        raise BadValue("not a time") from error


def _is_moment(text: str) -> bool:
    match = _MOMENT.fullmatch(text)
    return match is not None and _WEST <= _offset(match["offset"]) <= _EAST


def _earliest_moment(text: str) -> datetime:
    return _moment(text, template="00000101000000", fraction="0")


def _latest_moment(text: str) -> datetime:
    return _moment(text, template="00001231235959", fraction="9")


def _moment(text: str, *, template: str, fraction: str) -> datetime:
    """Read what ``_is_moment``, completed from the template where it leaves off."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise BadValue("not a date-time")
    whole = match["digits"] + template[len(match["digits"]) :]
    micros = (match["fraction"] or "").ljust(6, fraction)
    clock = _earliest_time(f"{whole[8:]}.{micros}")
    try:
        on = date(int(whole[:4]), int(whole[4:6]), 1)
        last = monthrange(on.year, on.month)[1]
        is_whole_month = len(match["digits"]) < 8
        on = on.replace(day=min(int(whole[6:8]), last) if is_whole_month else int(whole[6:8]))
    except ValueError as error:
        raise BadValue("not a date-time") from error
    return datetime.combine(on, clock, timezone(_offset(match["offset"])) if match["offset"] else None)


def _offset(text: str | None) -> timedelta:
    if text is None:
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return -size if text[0] == "-" else size
