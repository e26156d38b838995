"""From the text of a query's keys to criteria, by value representation (PS3.4 §C.2.2.2). Pure."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Union

from pydicom.datadict import dictionary_VR

from pacs.search import dates
from pacs.search.criteria import (
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

Keys = Mapping[int, Union[str, "Keys"]]
DateTimePairs = Mapping[int, int]

# A date and its time, which match as one moment where the asker has agreed to that.
DATE_TIME_PAIRS: DateTimePairs = {
    0x00080012: 0x00080013,  # instance creation
    0x00080020: 0x00080030,  # study
    0x00080021: 0x00080031,  # series
    0x00080022: 0x00080032,  # acquisition
    0x00080023: 0x00080033,  # content
    0x00100030: 0x00100032,  # patient's birth
    0x00400002: 0x00400003,  # scheduled procedure step, start
    0x00400004: 0x00400005,  # scheduled procedure step, end
    0x00400244: 0x00400245,  # performed procedure step, start
    0x00400250: 0x00400251,  # performed procedure step, end
}

_LONGEST_VALUE = 1024
_MOST_VALUES = 1000
_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_LONG_TEXT = frozenset({"LT", "ST", "UR", "UT"})  # a backslash is text there
_PLAIN = frozenset({"AS", "AT"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UID = re.compile(r"[0-9.]{1,64}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(\.[0-9]{0,24})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


class UnknownAttribute(KeyError):
    """The data dictionary knows no such attribute, so nobody knows how it matches."""


def criteria_of(keys: Keys, *, combined: DateTimePairs | None = None) -> tuple[Criterion, ...]:
    """This will return one criterion for each key, in the order of keys; items of sequences are nested.

    Where both a date and its time from ``combined`` are ranges they become one criterion over both.
    Raises BadValue, UnknownAttribute.
    """
    pairs = combined or {}
    moments = {
        day: time_of_day
        for day, time_of_day in pairs.items()
        if _is_range(keys.get(day)) and _is_range(keys.get(time_of_day))
    }
    taken = set(moments.values())
    return tuple(_criterion(tag, keys, moments, pairs) for tag in keys if tag not in taken)


def vr_of(tag: int) -> str:
    """This will return the value representation of an attribute. Raises UnknownAttribute."""
    try:
        return dictionary_VR(tag).partition(" or ")[0]
    except KeyError as error:
        raise UnknownAttribute(tag) from error


def match_of(vr: str, text: str) -> Match:
    """This will return what a key's value asks for. Raises BadValue."""
    text = text.strip(" \0")
    if not text.strip("*"):
        return Universal()
    if _CONTROL.search(text):
        raise BadValue("control character")
    if vr in _TEXT or vr in _PLAIN:
        return _text(vr, text)
    if vr == "UI":
        return _one_of([_uid(value) for value in _values(text)])
    if vr not in _RANGES:
        raise BadValue(f"{vr} does not match")
    return _RANGES[vr](text)


def _criterion(tag: int, keys: Keys, moments: DateTimePairs, pairs: DateTimePairs) -> Criterion:
    value = keys[tag]
    try:
        if not isinstance(value, str):
            return Criterion(tag, Nested(criteria_of(value, combined=pairs)))
        if tag in moments:
            return Criterion(tag, dates.combined(value, str(keys[moments[tag]])), time_tag=moments[tag])
        return Criterion(tag, match_of(vr_of(tag), value))
    except BadValue as error:
        raise BadValue(error.reason, error.tag or tag) from error


def _is_range(value: "str | Keys | None") -> bool:
    return isinstance(value, str) and "-" in value


def _text(vr: str, text: str) -> Match:
    values = [text] if vr in _LONG_TEXT else _values(text)
    if any(len(value) > _LONGEST_VALUE for value in values):
        raise BadValue("too long")
    if vr in _PLAIN or not re.search(r"[*?]", text):
        return _one_of(values)
    if len(values) > 1:
        raise BadValue("wildcard in a list")
    return Wildcard(values[0])


def _values(text: str) -> list[str]:
    values = [value.strip() for value in text.split("\\")]
    if len(values) > _MOST_VALUES:
        raise BadValue("too many values")
    return [value for value in values if value]


def _one_of(values: list[str]) -> Match:
    distinct = tuple(dict.fromkeys(values))
    if not distinct:
        raise BadValue("list without values")
    return Exact(distinct[0]) if len(distinct) == 1 else OneOf(distinct)


def _uid(text: str) -> str:
    # Devices write leading zeros and worse: what they stored must be found, so the form is not checked here.
    if not _UID.fullmatch(text):
        raise BadValue("not a UID")
    return text


def _number(text: str) -> Range[Decimal]:
    if not _NUMBER.fullmatch(text):
        raise BadValue("not a number")
    value = Decimal(text)
    return Range(value, value)


_RANGES: Mapping[str, Callable[[str], Match]] = {
    "DA": dates.days,
    "TM": dates.times,
    "DT": dates.moments,
    **dict.fromkeys(_NUMBERS, _number),
}
# Sequences match by their items, and without a value; binary attributes do not match at all.
MATCHABLE = frozenset({*_TEXT, *_PLAIN, *_RANGES, "UI", "SQ"})
