"""One attribute against one criterion, as PS3.4 C.2.2.2 has it, on data sets in the DICOM JSON Model."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from pacs.search.criteria import Criterion, Exact, Match, Nested, OneOf, Range, Universal, Wildcard
from pacs.search.matches import DataSet, meets

NAME, STATION, MAKER, UID, COUNT = 0x00100010, 0x00081010, 0x00080070, 0x0020000D, 0x00280008
DAY, AT, MOMENT = 0x00080022, 0x00080032, 0x0008002A
ITEMS, STEP_ID, CODE = 0x00400275, 0x00400009, 0x00401001

DATA: DataSet = {
    "00100010": {
        "vr": "PN",
        "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}],
    },
    "00081010": {"vr": "SH", "Value": ["CT01"]},
    "00080070": {"vr": "LO"},
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "00280008": {"vr": "IS", "Value": [7]},
    "00080022": {"vr": "DA", "Value": ["20240229"]},
    "00080032": {"vr": "TM", "Value": ["1030"]},
    "0008002A": {"vr": "DT", "Value": ["20240229103000+0200"]},
    "00400275": {
        "vr": "SQ",
        "Value": [
            {"00400009": {"vr": "SH", "Value": ["S1"]}, "00401001": {"vr": "SH", "Value": ["R1"]}},
            {"00400009": {"vr": "SH", "Value": ["S2"]}, "00401001": {"vr": "SH", "Value": ["R2"]}},
        ],
    },
    "00081032": {"vr": "LO", "Value": [None, "second"]},
}

_naive = datetime.fromisoformat  # in the sender's time, whatever that is


def _item(step: str, code: str) -> Nested:
    return Nested((Criterion(STEP_ID, Exact(step)), Criterion(CODE, Exact(code))))


@pytest.mark.parametrize(
    ("tag", "match"),
    [
        (STATION, Exact("CT01")),
        (STATION, OneOf(("MR01", "CT01"))),
        (STATION, Wildcard("CT*")),
        (STATION, Wildcard("?T0?")),
        (STATION, Universal()),
        (MAKER, Universal()),
        (0x00180015, Universal()),
        (UID, OneOf(("1.2.3", "1.2.4"))),
        (NAME, Exact("yamada^TAROU")),
        (NAME, Exact("山田^太郎")),
        (NAME, Wildcard("やまだ*")),
        (COUNT, Range(Decimal(7), Decimal(7))),
        (COUNT, Range(Decimal("6.5"), None)),
        (DAY, Range(date(2024, 2, 29), date(2024, 2, 29))),
        (DAY, Range(None, date(2024, 3, 1))),
        (AT, Range(time(10, 30), time(10, 30, 59, 999999))),
        (MOMENT, Range(datetime(2024, 2, 29, 8, 30, tzinfo=UTC), datetime(2024, 2, 29, 8, 30, tzinfo=UTC))),
        (MOMENT, Range(_naive("2024-02-29 00:00"), None)),
        (ITEMS, _item("S2", "R2")),
        (ITEMS, Nested((Criterion(CODE, Universal()),))),
        (0x00081032, Exact("second")),
    ],
)
def test_a_match(tag: int, match: Match) -> None:
    assert meets(DATA, Criterion(tag, match))


@pytest.mark.parametrize(
    ("tag", "match"),
    [
        (STATION, Exact("ct01")),
        (STATION, Wildcard("ct*")),
        (STATION, Exact("CT0")),
        (MAKER, Exact("")),
        (MAKER, Wildcard("?*")),
        (0x00180015, Exact("HEAD")),
        (NAME, Exact("Yamada")),
        (NAME, Wildcard("tarou*")),
        (COUNT, Range(Decimal(8), None)),
        (DAY, Range(date(2024, 3, 1), None)),
        (AT, Range(None, time(10, 29, 59))),
        (STATION, Range(date(2024, 3, 1), None)),
        (MOMENT, Range(datetime(2024, 2, 29, 8, 31, tzinfo=UTC), None)),
        (ITEMS, _item("S1", "R2")),
        (STATION, _item("S1", "R1")),
    ],
)
def test_no_match(tag: int, match: Match) -> None:
    assert not meets(DATA, Criterion(tag, match))


def test_fuzzy_names_match_by_the_beginnings_of_words() -> None:
    assert meets(DATA, Criterion(NAME, Exact("tar yam")), is_fuzzy=True)
    assert not meets(DATA, Criterion(NAME, Exact("amada")), is_fuzzy=True)


def _together(low: datetime | None, high: datetime | None) -> Criterion:
    return Criterion(DAY, Range(low, high), time_tag=AT)


def test_a_date_and_its_time_are_one_moment() -> None:
    assert meets(DATA, _together(_naive("2024-02-28 23:00"), _naive("2024-02-29 10:30")))
    assert not meets(DATA, _together(_naive("2024-02-28 23:00"), _naive("2024-02-29 10:29")))


def test_a_date_without_a_time_lies_wholly_inside_or_not_at_all() -> None:
    untimed: DataSet = {**DATA, "00080032": {"vr": "TM"}}
    assert meets(untimed, _together(_naive("2024-02-29 00:00"), None))
    assert not meets(untimed, _together(_naive("2024-02-29 01:00"), None))
