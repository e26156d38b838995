"""QIDO-RS parameters, as clients send them, become criteria."""

from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs.dicomweb.query import BadQuery, Query, parse_query
from pacs.search.criteria import (
    Criterion,
    Exact,
    Match,
    Nested,
    OneOf,
    Range,
    Universal,
    Wildcard,
)

PATIENT_NAME, PATIENT_ID, STUDY_DATE, STUDY_TIME, STUDY_UID = (
    0x00100010,
    0x00100020,
    0x00080020,
    0x00080030,
    0x0020000D,
)
REQUEST, STEP_ID, PROCEDURE_ID = 0x00400275, 0x00400009, 0x00401001


def ask(query: str) -> Query:
    return parse_query(parse_qsl(query, keep_blank_values=True))


def match_in(query: str) -> Match:
    (criterion,) = ask(query).criteria
    return criterion.match


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("PatientID=P%201", Exact("P 1")),
        ("00100020=P1", Exact("P1")),
        ("PatientID=P1%20%20", Exact("P1")),
        ("PatientID=a,b", Exact("a,b")),
        ("PatientID=a%5Cb", OneOf(("a", "b"))),
        ("PatientName=", Universal()),
        ("PatientName=*", Universal()),
        ("PatientName=**", Universal()),
        ("PatientName=%20", Universal()),
        ("PatientName=*Zwei*", Wildcard("*Zwei*")),
        ("PatientName=M?ller^*", Wildcard("M?ller^*")),
        ("PatientAge=045Y", Exact("045Y")),
        ("StudyInstanceUID=1.2.3", Exact("1.2.3")),
        ("StudyInstanceUID=1.2.3,1.2.4", OneOf(("1.2.3", "1.2.4"))),
        ("StudyInstanceUID=1.2.3%5C1.2.4", OneOf(("1.2.3", "1.2.4"))),
        ("StudyInstanceUID=1.2.3,%201.2.4,,1.2.3", OneOf(("1.2.3", "1.2.4"))),
        ("StudyInstanceUID=1.2&0020000D=1.3", OneOf(("1.2", "1.3"))),
        ("StudyInstanceUID=1.02.3", Exact("1.02.3")),
        ("ModalitiesInStudy=MR", Exact("MR")),
        ("ModalitiesInStudy=CT,MR", OneOf(("CT", "MR"))),
        ("InstanceNumber=007", Range(Decimal(7), Decimal(7))),
        ("SliceThickness=1.5e0", Range(Decimal("1.5"), Decimal("1.5"))),
        ("Rows=512", Range(Decimal(512), Decimal(512))),
        ("StudyDescription=50%25_x", Exact("50%_x")),
        ("ReferencedSOPSequence=", Universal()),
    ],
)
def test_value_becomes_a_match(query: str, match: Match) -> None:
    assert match_in(query) == match


def test_keys_of_one_sequence_ask_for_one_item() -> None:
    expected = Criterion(
        REQUEST, Nested((Criterion(PROCEDURE_ID, Exact("R1")), Criterion(STEP_ID, Wildcard("S*"))))
    )
    assert ask("00400275.00401001=R1&00400275.00400009=S*").criteria == (expected,)
    assert ask(
        "RequestAttributesSequence.RequestedProcedureID=R1&PatientID=&RequestAttributesSequence.00400009=S*"
    ).criteria == (expected, Criterion(PATIENT_ID, Universal()))


def test_study_list_of_ohif_is_understood() -> None:
    query = ask(
        "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030"
        "&PatientName=*Zwei*&00100020=*P2*&AccessionNumber=*A*&StudyDescription=*x*&ModalitiesInStudy=MR"
        "&StudyDate=20240101-20261231&StudyInstanceUID=1.2%5C1.3"
    )
    assert query == Query(
        criteria=(
            Criterion(PATIENT_NAME, Wildcard("*Zwei*")),
            Criterion(PATIENT_ID, Wildcard("*P2*")),
            Criterion(0x00080050, Wildcard("*A*")),
            Criterion(0x00081030, Wildcard("*x*")),
            Criterion(0x00080061, Exact("MR")),
            Criterion(STUDY_DATE, Range(day("2024-01-01"), day("2026-12-31"))),
            Criterion(STUDY_UID, OneOf(("1.2", "1.3"))),
        ),
        included=frozenset({(0x00081030,), (0x00080060,), (0x00080090,), (0x00100030,)}),
        limit=101,
        offset=0,
    )


def test_fields_are_included_by_keyword_tag_and_path() -> None:
    query = ask("includefield=Modality,00081030&includefield=RequestAttributesSequence.RequestedProcedureID")
    assert query.included == {(0x00080060,), (0x00081030,), (REQUEST, PROCEDURE_ID)}
    assert query.includes_all is False


def test_all_fields_may_be_included_beside_others() -> None:
    query = ask("includefield=all&includefield=Modality,")
    assert query.includes_all is True
    assert query.included == {(0x00080060,)}


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_fuzzy_matching_may_be_asked_for(value: str) -> None:
    assert ask(f"fuzzymatching={value}").is_fuzzy is True


def test_nothing_asked_is_everything() -> None:
    assert ask("") == Query()


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("PatientNmae=x", ("PatientNmae",)),
        ("patientname=x", ("patientname",)),
        ("orderby=StudyDate&_=123", ("orderby", "_")),
        ("00091001=x", ("00091001",)),
        ("00020010=1.2", ("00020010",)),
        ("PixelData=x", ("PixelData",)),
        ("PatientName.PatientID=x", ("PatientName.PatientID",)),
        ("includefield=Nonsense,Modality", ("includefield=Nonsense",)),
        ("emptyvaluematching=true", ("emptyvaluematching",)),
        ("emptyvaluematching=false&multiplevaluematching=true&accept=a/b&charset=utf-8", ()),
        (".".join(["00400275"] * 9) + "=", (".".join(["00400275"] * 9),)),
    ],
)
def test_what_is_not_known_is_passed_over_and_told(query: str, ignored: tuple[str, ...]) -> None:
    assert ask(query).ignored == ignored
    assert ask(query).criteria == ()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e3", "limit"),
        ("limit=٣", "limit"),
        ("limit=99999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-5", "offset"),
        ("fuzzymatching=yes", "fuzzymatching"),
        ("StudyDate=2024", "StudyDate"),
        ("StudyDate=20240230", "StudyDate"),
        ("StudyDate=00000101", "StudyDate"),
        ("StudyDate=-", "StudyDate"),
        ("StudyDate=20240101-20240102-", "StudyDate"),
        ("StudyDate=2024*", "StudyDate"),
        ("00080020=99999999", "00080020"),
        ("StudyDate=20240101-x&StudyTime=10-", "StudyDate"),
        ("StudyTime=25", "StudyTime"),
        ("StudyTime=1", "StudyTime"),
        ("StudyTime=10-12.5", "StudyTime"),
        ("AcquisitionDateTime=20241301", "AcquisitionDateTime"),
        ("AcquisitionDateTime=20240101.5", "AcquisitionDateTime"),
        ("AcquisitionDateTime=-", "AcquisitionDateTime"),
        ("AcquisitionDateTime=20240229105", "AcquisitionDateTime"),
        ("StudyInstanceUID=1.2.x", "StudyInstanceUID"),
        ("StudyInstanceUID=1.2.*", "StudyInstanceUID"),
        ("StudyInstanceUID=" + "1" * 65, "StudyInstanceUID"),
        ("StudyInstanceUID=,", "StudyInstanceUID"),
        ("StudyInstanceUID=" + "1.2," * 1001, "StudyInstanceUID"),
        ("ModalitiesInStudy=CT,M*", "ModalitiesInStudy"),
        ("InstanceNumber=x", "InstanceNumber"),
        ("InstanceNumber=1-5", "InstanceNumber"),
        ("InstanceNumber=NaN", "InstanceNumber"),
        ("SliceThickness=1e400", "SliceThickness"),
        ("PatientID=a&00100020=b", "00100020"),
        ("PatientName=a%00b", "PatientName"),
        ("PatientName=a%0Ab", "PatientName"),
        ("PatientName=" + "x" * 1025, "PatientName"),
        ("RequestAttributesSequence=x", "RequestAttributesSequence"),
        ("RequestAttributesSequence.00400002=x", "RequestAttributesSequence.00400002"),
    ],
)
def test_bad_value_is_refused_by_its_name(query: str, parameter: str) -> None:
    with pytest.raises(BadQuery) as refused:
        ask(query)
    assert refused.value.parameter == parameter


def test_refusal_does_not_repeat_what_may_be_a_name() -> None:
    with pytest.raises(BadQuery) as refused:
        ask("PatientName=Doe^Jane%01")
    assert "Doe" not in str(refused.value)


def test_flood_of_parameters_is_refused() -> None:
    assert ask("&".join(["includefield=Modality"] * 256)).criteria == ()
    with pytest.raises(BadQuery):
        ask("&".join(["includefield=Modality"] * 257))


NAMES = st.sampled_from(
    [
        "PatientName",
        "StudyDate",
        "StudyTime",
        "AcquisitionDateTime",
        "StudyInstanceUID",
        "InstanceNumber",
        "limit",
    ]
)
VALUES = st.text(st.sampled_from("0123456789-+.*?\\,: é\0x"), max_size=30)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=3))
def test_any_value_is_read_or_refused(parameters: list[tuple[str, str]]) -> None:
    try:
        query = parse_query(parameters)
    except BadQuery:
        return
    assert len(query.criteria) <= len(parameters)
