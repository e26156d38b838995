"""The orders of a study list, and where a page goes on: by the values of its last row, not by counting rows.

Undated studies come last where the newest come first, and first where the oldest do: one index serves both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.db.models import F, Q
from django.db.models.expressions import OrderBy

from pacs.models import Study


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order."""

    field: str
    is_descending: bool = False
    may_be_null: bool = False

    @property
    def attribute(self) -> str:
        """The model's attribute that holds the value."""
        return self.field.removesuffix("__by_code")


def _newest(*, is_descending: bool) -> tuple[Key, ...]:
    return (
        Key("study_date", is_descending, may_be_null=True),
        Key("study_time", is_descending, may_be_null=True),
        Key("study_uid", is_descending),
    )


def _text(field: str, *, is_descending: bool = False) -> tuple[Key, ...]:
    return Key(f"{field}__by_code", is_descending), Key("study_uid", is_descending)


class Order(Enum):
    """How studies are sorted; the value is what an address says."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    NAME_DESCENDING = "-name"
    PATIENT_ID = "id"
    PATIENT_ID_DESCENDING = "-id"
    ACCESSION_NUMBER = "accession"
    ACCESSION_NUMBER_DESCENDING = "-accession"
    DESCRIPTION = "description"
    DESCRIPTION_DESCENDING = "-description"
    ARRIVED = "arrived"

    @property
    def keys(self) -> tuple[Key, ...]:
        """The columns, of which the last is unique."""
        return _KEYS[self]


_KEYS: dict[Order, tuple[Key, ...]] = {
    Order.NEWEST: _newest(is_descending=True),
    Order.OLDEST: _newest(is_descending=False),
    Order.NAME: _text("patient_name_search"),
    Order.NAME_DESCENDING: _text("patient_name_search", is_descending=True),
    Order.PATIENT_ID: _text("patient_id_search"),
    Order.PATIENT_ID_DESCENDING: _text("patient_id_search", is_descending=True),
    Order.ACCESSION_NUMBER: _text("accession_number_search"),
    Order.ACCESSION_NUMBER_DESCENDING: _text("accession_number_search", is_descending=True),
    Order.DESCRIPTION: _text("description_search"),
    Order.DESCRIPTION_DESCENDING: _text("description_search", is_descending=True),
    # The first arrival, which never changes: an index on the last one would be written with every batch.
    Order.ARRIVED: (Key("created_at", is_descending=True), Key("study_uid", is_descending=True)),
}


def reversed_keys(keys: Sequence[Key]) -> tuple[Key, ...]:
    """Return the opposite order."""
    return tuple(Key(key.field, not key.is_descending, key.may_be_null) for key in keys)


def ordering(keys: Sequence[Key], *, path: str = "") -> list[OrderBy]:
    """Return what `order_by` takes; `path` leads from the row to its study."""
    return [
        F(path + key.field).desc(nulls_last=True)
        if key.is_descending and key.may_be_null
        else F(path + key.field).desc()
        if key.is_descending
        else F(path + key.field).asc(nulls_first=True)
        if key.may_be_null
        else F(path + key.field).asc()
        for key in keys
    ]


def segments_after(keys: Sequence[Key], row: Study) -> list[Q]:
    """Return conditions for the rows after this one: to be asked in turn, as an index begins at one place only."""
    first, value, rest = keys[0], getattr(row, keys[0].attribute), _after(keys[1:], row)
    if value is None:
        same = Q(**{f"{first.field}__isnull": True}) & rest
        return [same] if first.is_descending else [same, Q(**{f"{first.field}__isnull": False})]
    bound = Q(**{f"{first.field}__lte" if first.is_descending else f"{first.field}__gte": value})
    segments = [bound & (_beyond(first, value) | Q(**{first.field: value}) & rest)]
    if first.is_descending and first.may_be_null:
        segments.append(Q(**{f"{first.field}__isnull": True}))
    return segments


def _after(keys: Sequence[Key], row: Study) -> Q:
    key, value = keys[0], getattr(row, keys[0].attribute)
    if len(keys) == 1:
        return _beyond(key, value)
    rest, is_null = _after(keys[1:], row), Q(**{f"{key.field}__isnull": True})
    if value is None:
        return is_null & rest if key.is_descending else (is_null & rest) | ~is_null
    after = _beyond(key, value) | Q(**{key.field: value}) & rest
    return after | is_null if key.is_descending and key.may_be_null else after


def _beyond(key: Key, value: object) -> Q:
    return Q(**{f"{key.field}__lt" if key.is_descending else f"{key.field}__gt": value})
