"""The parameters of a QIDO-RS search (PS3.18 §8.3.4 and §10.6) as criteria. Pure.

What is not known is passed over and told (a Warning header): parameters that are none of ours, and attributes
that the data dictionary does not know or whose kind never matches. A value that its attribute cannot have is
refused: passing over a filter that was meant would show more than was asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword

from pacs.search.criteria import BadValue, Criterion
from pacs.search.matching import DATE_TIME_PAIRS, MATCHABLE, Keys, UnknownAttribute, criteria_of, vr_of

Path = tuple[int, ...]

_MOST_PARAMETERS = 256
_DEEPEST = 8
_LARGEST_NUMBER = 2**31 - 1
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
# Handled by the door, or without effect: values are matched by list wherever the standard would need asking.
_SILENT = frozenset({"accept", "charset", "multiplevaluematching"})
_LISTS = frozenset({"UI", "CS"})  # where a comma cannot be part of a value


class BadQuery(ValueError):
    """The search cannot be made as it was asked. Names the parameter; never its value, often a name."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


@dataclass(frozen=True)
class Query:
    """What a search asks for. ``limit`` None: as many as the server gives at once."""

    criteria: tuple[Criterion, ...] = ()
    included: frozenset[Path] = frozenset()
    includes_all: bool = False
    is_fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    ignored: tuple[str, ...] = ()


def parse_query(parameters: Iterable[tuple[str, str]]) -> Query:
    """This will read the decoded name and value of each parameter, in order. Raises BadQuery."""
    reading = _Reading()
    for count, (name, value) in enumerate(parameters, start=1):
        if count > _MOST_PARAMETERS:
            raise BadQuery(name, "too many parameters")
        reading.take(name, value)
    return reading.result()


def path_of(name: str) -> Path:
    """This will return the tags of an attribute's name: keyword or 8 hex digits, with dots for nesting.

    Raises UnknownAttribute.
    """
    path = tuple(_tag_of(part) for part in name.split("."))
    if len(path) > _DEEPEST or any(vr_of(tag) != "SQ" for tag in path[:-1]):
        raise UnknownAttribute(name)
    return path


class _Reading:
    """The parameters read so far."""

    def __init__(self) -> None:
        self._keys: dict[Path, str] = {}
        self._names: dict[Path, str] = {}
        self._single: dict[str, str] = {}
        self._included: set[Path] = set()
        self._includes_all = False
        self._ignored: dict[str, None] = {}

    def take(self, name: str, value: str) -> None:
        if name == "includefield":
            self._include(value)
        elif name in {"limit", "offset", "fuzzymatching"}:
            if name in self._single:
                raise BadQuery(name, "given twice")
            self._single[name] = value
        elif name == "emptyvaluematching" and value.lower() == "false":
            return
        elif name not in _SILENT:
            self._match(name, value)

    def result(self) -> Query:
        return Query(
            criteria=self._criteria(),
            included=frozenset(self._included),
            includes_all=self._includes_all,
            is_fuzzy=self._boolean("fuzzymatching"),
            limit=self._number("limit"),
            offset=self._number("offset") or 0,
            ignored=tuple(self._ignored),
        )

    def _include(self, value: str) -> None:
        for field in filter(None, (field.strip() for field in value.split(","))):
            if field == "all":
                self._includes_all = True
                continue
            try:
                self._included.add(path_of(field))
            except UnknownAttribute:
                self._ignored[f"includefield={field}"] = None

    def _match(self, name: str, value: str) -> None:
        try:
            path = path_of(name)
            vr = vr_of(path[-1])
        except UnknownAttribute:
            self._ignored[name] = None
            return
        if vr not in MATCHABLE:
            self._ignored[name] = None
            return
        if vr in _LISTS:
            value = value.replace(",", "\\")
        if path in self._keys and vr != "UI":
            raise BadQuery(name, "given twice")
        self._keys[path] = f"{self._keys[path]}\\{value}" if path in self._keys else value
        self._names[path] = name

    def _criteria(self) -> tuple[Criterion, ...]:
        try:
            return criteria_of(_nested(self._keys), combined=DATE_TIME_PAIRS)
        except BadValue as error:
            name = next((name for path, name in self._names.items() if path[-1] == error.tag), "query")
            raise BadQuery(name, error.reason) from error

    def _boolean(self, name: str) -> bool:
        value = self._single.get(name, "false").lower()
        if value not in {"true", "false"}:
            raise BadQuery(name, "neither true nor false")
        return value == "true"

    def _number(self, name: str) -> int | None:
        value = self._single.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > _LARGEST_NUMBER:
            raise BadQuery(name, "not a count")
        return int(value)


def _tag_of(text: str) -> int:
    tag = int(text, 16) if _TAG.fullmatch(text) else tag_for_keyword(text)
    if tag is None or tag < 0x00080000:  # commands and file meta are no attributes of what is stored
        raise UnknownAttribute(text)
    return tag


def _nested(keys: dict[Path, str]) -> Keys:
    """From dotted paths to a tree; keys of one sequence come together, for one item has to meet them all."""
    tree: dict[int, str | Keys] = {}
    for first in dict.fromkeys(path[0] for path in keys):
        below = {path[1:]: value for path, value in keys.items() if path[0] == first and len(path) > 1}
        tree[first] = _nested(below) if below else keys[(first,)]
    return tree
