"""What a query asks of one attribute (PS3.4 §C.2.2.2), whoever asks: QIDO-RS and C-FIND build these. Pure.

Text is as the asker wrote it, without padding; case, accents and the parts of names are the search's matter.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Generic, TypeVar

Bound = TypeVar("Bound", date, time, datetime, Decimal)


class BadValue(ValueError):
    """A key's value cannot be matched against its attribute. Never repeats the value, which may be a name."""

    def __init__(self, reason: str, tag: int = 0) -> None:
        super().__init__(f"{reason} ({tag:08X})" if tag else reason)
        self.reason = reason
        self.tag = tag


@dataclass(frozen=True, slots=True)
class Universal:
    """Matches everything, also no value at all; asks for the attribute in the answer (§C.2.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Exact:
    """Matches one value (§C.2.2.2.1)."""

    value: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Matches any of these values, two at least: a list of UIDs (§C.2.2.2.2), or of codes or text."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Matches a pattern: ``*`` stands for any characters or none, ``?`` for one (§C.2.2.2.4)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Range(Generic[Bound]):
    """Matches from ``low`` to ``high``, both included; None is open (§C.2.2.2.5).

    A single date, time, date-time or number is a range as well: from the beginning to the end of what was
    written, so that the time 10 reaches from 10:00 to 10:59:59.999999, and the number 007 is 7. A date-time
    is aware where it was written with an offset from UTC, else naive, in the sender's time.
    """

    low: Bound | None
    high: Bound | None


@dataclass(frozen=True, slots=True)
class Nested:
    """Matches a sequence of which one and the same item meets all these criteria (§C.2.2.2.6)."""

    criteria: "tuple[Criterion, ...]"


AnyRange = Range[date] | Range[time] | Range[datetime] | Range[Decimal]
Match = Universal | Exact | OneOf | Wildcard | AnyRange | Nested


@dataclass(frozen=True, slots=True)
class Criterion:
    """One attribute and what is asked of it. Criteria of one query must all be met.

    With ``time_tag`` the match is a range of date-times over the date in ``tag`` and the time in ``time_tag``
    taken together (combined date-time matching, §C.2.2.2.5).
    """

    tag: int
    match: Match
    time_tag: int | None = None
