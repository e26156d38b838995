"""Dates and times, good and bad."""

from datetime import date, time

import pytest

from pacs.dicom.dates import parse_date, parse_time


@pytest.mark.parametrize(
    ("text", "day"),
    [("20240229", date(2024, 2, 29)), ("2024.02.29", date(2024, 2, 29)), (" 20240229 ", date(2024, 2, 29))]
    + [
        (text, None)
        for text in ("", "20230229", "99999999", "00000101", "2024022", "2024-02.29", "２０２４０２２９")
    ]
    + [("20240101-20240201", None), ("-0010101", None)],
)
def test_dates(text: str, day: date | None) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10", time(10)),
        ("1011", time(10, 11)),
        ("101112", time(10, 11, 12)),
        ("101112.5", time(10, 11, 12, 500_000)),
        ("101112.000001 ", time(10, 11, 12, 1)),
        ("10:11:12", time(10, 11, 12)),
    ]
    + [(text, None) for text in ("", "24", "1060", "101160", "1", "101112.", "101112.1234567", "noon")],
)
def test_times(text: str, moment: time | None) -> None:
    assert parse_time(text) == moment
