"""Dates, times and ranges of them in QIDO-RS parameters (PS3.4 §C.2.2.2.5)."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from urllib.parse import parse_qsl

import pytest

from pacs.dicomweb.query import Query, parse_query
from pacs.search.criteria import Criterion, Match, Nested, Range

STUDY_DATE, STUDY_TIME = 0x00080020, 0x00080030


def ask(query: str) -> Query:
    return parse_query(parse_qsl(query))


def match_in(query: str) -> Match:
    (criterion,) = ask(query).criteria
    return criterion.match


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    """A date-time without a zone, as most of DICOM's are."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("20240229", "2024-02-29", "2024-02-29"),
        ("2024.02.29", "2024-02-29", "2024-02-29"),
        ("20240101-20261231", "2024-01-01", "2026-12-31"),
        ("20240101%20-%2020261231", "2024-01-01", "2026-12-31"),
    ],
)
def test_dates_are_read(value: str, low: str, high: str) -> None:
    assert match_in(f"StudyDate={value}") == Range(day(low), day(high))


def test_date_range_may_be_open() -> None:
    assert match_in("StudyDate=20240101-") == Range(day("2024-01-01"), None)
    assert match_in("StudyDate=-20240101") == Range(None, day("2024-01-01"))


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("10", time(10), time(10, 59, 59, 999999)),
        ("1015", time(10, 15), time(10, 15, 59, 999999)),
        ("101530", time(10, 15, 30), time(10, 15, 30, 999999)),
        ("101530.5", time(10, 15, 30, 500000), time(10, 15, 30, 599999)),
        ("101530.123456", time(10, 15, 30, 123456), time(10, 15, 30, 123456)),
        ("10:15:30", time(10, 15, 30), time(10, 15, 30, 999999)),
        ("235960", time(23, 59, 59), time(23, 59, 59, 999999)),
        ("10-12", time(10), time(12, 59, 59, 999999)),
        ("1000-", time(10), None),
        ("-1000", None, time(10, 0, 59, 999999)),
    ],
)
def test_times_reach_as_far_as_they_are_written(value: str, low: time | None, high: time | None) -> None:
    assert match_in(f"StudyTime={value}") == Range(low, high)


EASTERN = timezone(timedelta(hours=-5))
LAST = 999999


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2024", at("2024-01-01T00:00:00"), at("2024-12-31T23:59:59.999999")),
        ("202402", at("2024-02-01T00:00:00"), at("2024-02-29T23:59:59.999999")),
        ("20240229", at("2024-02-29T00:00:00"), at("2024-02-29T23:59:59.999999")),
        (
            "20240229101530.25",
            at("2024-02-29T10:15:30.250000"),
            at("2024-02-29T10:15:30.259999"),
        ),
        (
            "2024022910-0500",
            datetime(2024, 2, 29, 10, tzinfo=EASTERN),
            datetime(2024, 2, 29, 10, 59, 59, LAST, EASTERN),
        ),
        ("20240229-20240301", at("2024-02-29T00:00:00"), at("2024-03-01T23:59:59.999999")),
        ("2024-2025", at("2024-01-01T00:00:00"), at("2025-12-31T23:59:59.999999")),
        ("2024-", at("2024-01-01T00:00:00"), None),
        ("-2024", None, at("2024-12-31T23:59:59.999999")),
        (
            "2024-0500-2024-0500",
            datetime(2024, 1, 1, tzinfo=EASTERN),
            datetime(2024, 12, 31, 23, 59, 59, LAST, EASTERN),
        ),
        ("2024%2B0000-", datetime(2024, 1, 1, tzinfo=UTC), None),
    ],
)
def test_date_times_are_read(value: str, low: datetime | None, high: datetime | None) -> None:
    assert match_in(f"AcquisitionDateTime={value}") == Range(low, high)


def test_ranges_of_date_and_time_are_one_span() -> None:
    """PS3.4 §C.2.2.2.5: from ten on the fifth until six on the seventh, not each day between ten and six."""
    assert ask("StudyDate=20060705-20060707&StudyTime=1000-1800").criteria == (
        Criterion(
            STUDY_DATE,
            Range(at("2006-07-05T10:00:00"), at("2006-07-07T18:00:59.999999")),
            time_tag=STUDY_TIME,
        ),
    )


def test_open_span_takes_the_whole_of_its_last_day() -> None:
    (criterion,) = ask("StudyTime=10-&StudyDate=-20060707").criteria
    assert criterion == Criterion(
        STUDY_DATE,
        Range(None, at("2006-07-07T23:59:59.999999")),
        time_tag=STUDY_TIME,
    )


@pytest.mark.parametrize(
    "query", ["StudyDate=20060705&StudyTime=10-12", "StudyDate=20060705-20060707&StudyTime=10"]
)
def test_date_and_time_of_which_one_is_no_range_match_apart(query: str) -> None:
    assert [criterion.tag for criterion in ask(query).criteria] == [STUDY_DATE, STUDY_TIME]
    assert [criterion.time_tag for criterion in ask(query).criteria] == [None, None]


def test_date_and_time_inside_a_sequence_are_one_span_as_well() -> None:
    query = "00400100.00400002=20240101-20240102&00400100.00400003=10-12"
    (criterion,) = ask(query).criteria
    start, start_time = 0x00400002, 0x00400003
    span = Range(at("2024-01-01T10:00"), at("2024-01-02T12:59:59.999999"))
    assert criterion == Criterion(0x00400100, Nested((Criterion(start, span, time_tag=start_time),)))
