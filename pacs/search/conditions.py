"""From criteria to what the database is asked, and what is left to be compared row by row."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from pacs.dicom.names import search_text
from pacs.dicom.tags import Level
from pacs.models import Instance, Series
from pacs.search import lookups as lookups  # noqa: PLC0414  (registers `by_code` and `like`)
from pacs.search.columns import (
    COLUMNS,
    DEPTH,
    MODALITIES_IN_STUDY,
    MODALITY,
    SERIES_UID,
    SOP_UID,
    Column,
    Kind,
    level_of,
)
from pacs.search.criteria import AnyRange, Criterion, Exact, Match, Nested, OneOf, Range, Universal, Wildcard
from pacs.search.patterns import (
    after_prefix,
    begins_word,
    is_pattern,
    literal_prefix,
    name_patterns,
    words_asked,
)

NOTHING = Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Conditions:
    """What rows must meet. `rest` is to be compared with their attributes; `ignored` cannot be matched here."""

    where: Q
    rest: tuple[Criterion, ...]
    ignored: tuple[int, ...]


def conditions(level: Level, criteria: Sequence[Criterion], *, is_fuzzy: bool) -> Conditions:
    """Return what rows of a level must meet. An attribute that is not kept, or only further below, is ignored, as
    PS3.4 C.2.2.1.3 has it for optional keys."""
    where, rest, ignored = Q(), list[Criterion](), list[Criterion]()
    for asked in criteria:
        criterion = _of_studies(asked) if level is Level.STUDY else asked
        condition = _condition(level, criterion, is_fuzzy)
        where &= condition or Q()
        if condition is None or not _is_exact(criterion):
            (rest if _is_kept(level, criterion.tag) else ignored).append(criterion)
    return Conditions(where, tuple(rest), tuple(criterion.tag for criterion in ignored))


def typed(fields: Iterable[str], text: str) -> Q:
    """Return the condition for what a person typed: each word is somewhere in one of these columns of normal forms."""
    where = Q()
    for written in search_text(text).replace("^", " ").split():
        word = written.strip(",;") or written  # names are shown, and typed, as `Curie, Marie`
        somewhere = NOTHING
        for field in fields:
            somewhere |= Q(**{f"{field}__like": f"*{word}*"})
        where &= somewhere
    return where


def _condition(level: Level, criterion: Criterion, is_fuzzy: bool) -> Q | None:
    """Return the condition on columns, or None where the attribute has none that this level reaches."""
    if isinstance(criterion.match, Universal):
        return Q()
    column = COLUMNS.get(criterion.tag)
    if column is None or (criterion.time_tag is not None and criterion.time_tag not in COLUMNS):
        return None
    if DEPTH[column.level] <= DEPTH[level]:
        return _on_column(_path(level, column), column, criterion, is_fuzzy)
    if criterion.tag in (SERIES_UID, SOP_UID):
        return _by_uid_below(level, column, criterion)
    return None


def _of_studies(criterion: Criterion) -> Criterion:
    """Read the modality of a study, which clients ask for, as one of the modalities in it."""
    return replace(criterion, tag=MODALITIES_IN_STUDY) if criterion.tag == MODALITY else criterion


def _is_exact(criterion: Criterion) -> bool:
    """Return whether the condition on columns says all: a pattern may reach over two of the modalities in a study."""
    match = criterion.match
    spans = isinstance(match, Wildcard) and "*" in match.pattern.strip("*")
    return not (spans and criterion.tag == MODALITIES_IN_STUDY)


def _is_kept(level: Level, tag: int) -> bool:
    kept = level_of(tag)
    return kept is not None and DEPTH[kept] <= DEPTH[level]


def _path(level: Level, column: Column) -> str:
    return "" if DEPTH[column.level] == DEPTH[level] else f"{column.level}__"


def _by_uid_below(level: Level, column: Column, criterion: Criterion) -> Q:
    below = Q() if column.level is Level.SERIES else Q(series__binned_at=None)
    below &= _on_column("", column, criterion, False)
    rows = Series.objects.filter(binned_at=None) if column.level is Level.SERIES else Instance.objects.all()
    return Q(pk__in=rows.filter(below).values(f"{level}_id"))


def _on_column(path: str, column: Column, criterion: Criterion, is_fuzzy: bool) -> Q:
    match = criterion.match
    if isinstance(match, Nested):
        return NOTHING
    if criterion.time_tag is not None and isinstance(match, Range):
        return _on_moment(path + column.field, path + COLUMNS[criterion.time_tag].field, match)
    if column.kind is Kind.RANGE:
        return _on_range(path + column.field, match)
    if column.kind is Kind.MODALITIES:
        return _on_modalities(path + column.field, match)
    if column.kind is Kind.NAME:
        return _on_name(path + column.search, match, is_fuzzy)
    plain = _on_text(path + column.field, match)
    return plain if column.kind is Kind.PLAIN else _on_normal_form(path + column.search, match) & plain


def _on_text(field: str, match: Match) -> Q:
    """Match as it is written: text other than names is compared with its case (PS3.4 C.2.2.2.1, C.2.2.2.4)."""
    if isinstance(match, Exact):
        return Q(**{field: match.value})
    if isinstance(match, OneOf):
        return Q(**{f"{field}__in": match.values})
    return Q(**{f"{field}__like": match.pattern}) if isinstance(match, Wildcard) else NOTHING


def _on_normal_form(field: str, match: Match) -> Q:
    """Narrow by the indexed normal form. Never narrower than the text itself: `?` may stand for what folds to two."""
    if isinstance(match, Exact):
        return Q(**{f"{field}__by_code": search_text(match.value)})
    if isinstance(match, OneOf):
        return Q(**{f"{field}__by_code__in": [search_text(value) for value in match.values]})
    if isinstance(match, Wildcard):
        return _any_of(field, [search_text(match.pattern.replace("?", "*"))])
    return NOTHING


def _on_name(field: str, match: Match, is_fuzzy: bool) -> Q:
    where = NOTHING
    for asked in _asked(match):
        where |= _by_words(field, asked) if is_fuzzy else _any_of(field, name_patterns(asked))
    return where


def _by_words(field: str, asked: str) -> Q:
    """Return the condition that each word begins some word. An index serves the first half of it, rows the other."""
    where = Q()
    for start in words_asked(asked):
        where &= Q(**{f"{field}__like": f"*{start}*", f"{field}__regex": begins_word(start)})
    return where


def _any_of(field: str, patterns: Sequence[str]) -> Q:
    """Return the condition that one of the patterns fits, with their common beginning as one range of an index."""
    prefix = literal_prefix(patterns[0])
    begins = _begins(field, prefix) if all(pattern.startswith(prefix) for pattern in patterns) else Q()
    if list(patterns) == [f"{prefix}*"]:
        return begins
    where = NOTHING
    for pattern in patterns:
        where |= Q(**{f"{field}__like" if is_pattern(pattern) else f"{field}__by_code": pattern})
    return begins & where


def _begins(field: str, prefix: str) -> Q:
    end = after_prefix(prefix)
    where = Q(**{f"{field}__by_code__gte": prefix}) if prefix else Q()
    return where if end is None else where & Q(**{f"{field}__by_code__lt": end})


def _on_modalities(field: str, match: Match) -> Q:
    where = NOTHING
    for asked in _asked(match):
        where |= Q(**{f"{field}__like": f"*\\{asked}\\*"})
    return where


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


def _on_range(field: str, match: Match) -> Q:
    if not isinstance(match, Range):
        return NOTHING
    low, high = match.low, match.high
    if isinstance(low, Decimal):
        low = math.ceil(low)  # type: ignore[assignment]  # the columns hold whole numbers
    if isinstance(high, Decimal):
        high = math.floor(high)  # type: ignore[assignment]  # as above
    where = Q(**{f"{field}__isnull": False})
    where &= Q() if low is None else Q(**{f"{field}__gte": low})
    return where if high is None else where & Q(**{f"{field}__lte": high})


def _on_moment(day: str, at: str, match: AnyRange) -> Q:
    """Match a date and a time together. A date without a time must lie wholly inside."""
    where = Q(**{f"{day}__isnull": False})
    if isinstance(match.low, datetime):
        edge = Q(**{day: match.low.date(), f"{at}__gte": match.low.time()})
        where &= Q(**{f"{day}__gte": match.low.date()}) & (Q(**{f"{day}__gt": match.low.date()}) | edge)
    if isinstance(match.high, datetime):
        edge = Q(**{day: match.high.date(), f"{at}__lte": match.high.time()})
        where &= Q(**{f"{day}__lte": match.high.date()}) & (Q(**{f"{day}__lt": match.high.date()}) | edge)
    return where
