"""Whether a data set in the DICOM JSON Model meets a criterion (PS3.4 C.2.2.2). Pure.

Names compare without case and accents, in any component group; all other text as it is written.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from pacs.dicom.dates import parse_date, parse_time
from pacs.dicom.names import matches_fuzzily, search_name
from pacs.dicom.values import Json
from pacs.search.criteria import (
    AnyRange,
    BadValue,
    Criterion,
    Exact,
    Match,
    Nested,
    OneOf,
    Range,
    Universal,
    Wildcard,
)
from pacs.search.dates import moments
from pacs.search.patterns import fits, name_patterns

DataSet = Mapping[str, Json]
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def meets(dataset: DataSet, criterion: Criterion, *, is_fuzzy: bool = False) -> bool:
    """Return whether any value of the attribute matches; an attribute without a value matches universally alone."""
    match = criterion.match
    if isinstance(match, Universal):
        return True
    if isinstance(match, Nested):
        return _has_item(values_of(dataset, criterion.tag), match, is_fuzzy)
    if criterion.time_tag is not None and isinstance(match, Range):
        return _moment_within(dataset, criterion.tag, criterion.time_tag, match)
    vr = vr_of(dataset, criterion.tag)
    return any(_fits_value(value, vr, match, is_fuzzy) for value in values_of(dataset, criterion.tag))


def values_of(dataset: DataSet, tag: int) -> list[Json]:
    """Return the values of an attribute that are not empty."""
    element = dataset.get(f"{tag:08X}")
    values = element.get("Value") if isinstance(element, dict) else None
    return [value for value in values if value is not None] if isinstance(values, list) else []


def vr_of(dataset: DataSet, tag: int) -> str:
    """Return the value representation that the data set gives an attribute, empty where it has none."""
    element = dataset.get(f"{tag:08X}")
    return str(element.get("vr", "")) if isinstance(element, dict) else ""


def _has_item(items: list[Json], match: Nested, is_fuzzy: bool) -> bool:
    if all(isinstance(one.match, Universal) for one in match.criteria):
        return True
    return any(
        isinstance(item, dict) and all(meets(item, one, is_fuzzy=is_fuzzy) for one in match.criteria)
        for item in items
    )


def _fits_value(value: Json, vr: str, match: Match, is_fuzzy: bool) -> bool:
    if isinstance(match, Range):
        return _within(_comparable(value, vr, match), match)
    asked = _asked(match)
    if vr == "PN":
        name = _name(value)
        if is_fuzzy:
            return any(matches_fuzzily(name, one.replace("*", " ").replace("?", " ")) for one in asked)
        return any(fits(pattern, search_name(name)) for one in asked for pattern in name_patterns(one))
    text = str(value).strip()
    return any(fits(one, text) if isinstance(match, Wildcard) else one == text for one in asked)


def _asked(match: Match) -> tuple[str, ...]:
    if isinstance(match, OneOf):
        return match.values
    return (
        (match.value,)
        if isinstance(match, Exact)
        else (match.pattern,)
        if isinstance(match, Wildcard)
        else ()
    )


def _name(value: Json) -> str:
    if not isinstance(value, dict):
        return str(value)
    return "=".join(str(value.get(group) or "") for group in _GROUPS)


def _comparable(value: Json, vr: str, match: AnyRange) -> date | time | datetime | Decimal | None:
    text = str(value).strip()
    bound = match.low if match.low is not None else match.high
    if isinstance(bound, datetime):
        return _moment(text)
    if isinstance(bound, date):
        return parse_date(text)
    return parse_time(text) if isinstance(bound, time) else _number(text)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    """Return the beginning of what a DT value says."""
    try:
        return moments(text).low
    except BadValue:
        return None


def _moment_within(dataset: DataSet, tag: int, time_tag: int, match: AnyRange) -> bool:
    """Return whether the date and time lie in the range. Without a time, the day must lie wholly inside."""
    days, times = values_of(dataset, tag), values_of(dataset, time_tag)
    day = parse_date(str(days[0])) if days else None
    if day is None:
        return False
    at = parse_time(str(times[0])) if times else None
    if at is not None:
        return _within(datetime.combine(day, at), match)
    return all(_within(datetime.combine(day, edge), match) for edge in (time.min, time.max))


def _within(value: date | time | datetime | Decimal | None, match: AnyRange) -> bool:
    if value is None:
        return False
    low, high = _like(match.low, value), _like(match.high, value)
    return (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]  # same kind by _comparable


def _like(bound: object, value: object) -> object:
    """Make a bound comparable: a date-time without an offset from UTC is taken as UTC where the other has one."""
    if (
        isinstance(bound, datetime)
        and isinstance(value, datetime)
        and (bound.tzinfo is None) != (value.tzinfo is None)
    ):
        return (
            bound.replace(tzinfo=UTC) if bound.tzinfo is None else bound.astimezone(UTC).replace(tzinfo=None)
        )
    return bound
