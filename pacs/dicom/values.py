"""Values as the DICOM JSON Model has them, from their bytes (PS3.18 F.2.3, PS3.5 §6.2).

Never raises on bad bytes.
"""

import math
import re
from array import array
from collections.abc import Callable
from struct import Struct

from pacs.dicom.text import Charset, without_controls, without_stray_controls

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})

_PADDING = "\0 "
_INTEGER = re.compile(r" *[+-]?[0-9]{1,18} *", re.ASCII)
_NUMBER = re.compile(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *", re.ASCII)
_LONGEST_NUMBER = 64
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def json_values(vr: str, raw: bytes, *, charset: Charset, is_big_endian: bool = False) -> list[Json]:
    """Return the values of one element that is neither binary nor a sequence. Empty where it has none.

    A value in the middle that is empty is null. A number that is none (text in DS or IS, not finite) stays
    text, which PS3.18 allows, so that nothing is lost and the JSON stays valid.
    """
    if vr in _STRUCTS:
        return _numbers(vr, raw, is_big_endian)
    if vr == "AT":
        return _tags(raw, is_big_endian)
    if vr in _SINGLE_TEXTS:
        text = without_stray_controls(charset.decode(raw)).rstrip(_PADDING)
        return [text] if text else []
    texts = charset.decode(raw) if vr in _CHARSET_VRS else raw.decode("latin-1")
    texts = without_controls(texts).rstrip(_PADDING)
    if not texts:
        return []
    if vr == "UR":
        return [texts]
    convert = _CONVERSIONS.get(vr, _plain)
    return [convert(text) for text in texts.split("\\")]


def person_name(text: str) -> dict[str, Json]:
    """Return the component groups of one name (PS3.5 §6.2.1), without those that are empty."""
    groups = [group.rstrip(_PADDING) for group in text.split("=")]
    return {name: group for name, group in zip(_NAME_GROUPS, groups, strict=False) if group}


def _name(text: str) -> Json:
    return person_name(text) or None


def _plain(text: str) -> Json:
    return text.rstrip(_PADDING) or None


def _decimal(text: str) -> Json:
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
    return _plain(text.strip(_PADDING))


def _integer(text: str) -> Json:
    if _INTEGER.fullmatch(text):
        return int(text)
    number = _decimal(text)
    return int(number) if isinstance(number, float) and number.is_integer() else _plain(text.strip(_PADDING))


def _numbers(vr: str, raw: bytes, is_big_endian: bool) -> list[Json]:
    code, size = _STRUCTS[vr]
    order = ">" if is_big_endian else "<"
    count = len(raw) // size
    numbers = Struct(f"{order}{count}{code}").unpack_from(raw)
    if code in "fd":
        return [number if math.isfinite(number) else _not_finite(number) for number in numbers]
    return list(numbers)


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _tags(raw: bytes, is_big_endian: bool) -> list[Json]:
    words = array("H", raw[: len(raw) // 4 * 4])
    if is_big_endian:
        words.byteswap()
    return [f"{group:04X}{element:04X}" for group, element in zip(words[::2], words[1::2], strict=True)]


_STRUCTS = {
    **{"FL": ("f", 4), "FD": ("d", 8), "SL": ("l", 4), "SS": ("h", 2), "SV": ("q", 8)},
    **{"UL": ("L", 4), "US": ("H", 2), "UV": ("Q", 8)},
}
_SINGLE_TEXTS = frozenset({"LT", "ST", "UT"})
_CHARSET_VRS = frozenset({"LO", "PN", "SH", "UC"})
_CONVERSIONS: dict[str, Callable[[str], Json]] = {"PN": _name, "DS": _decimal, "IS": _integer}
