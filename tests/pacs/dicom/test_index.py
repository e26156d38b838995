"""What the database keeps of an instance."""

import time
from datetime import date
from datetime import time as clock

import pytest
from pydicom.dataset import Dataset

from pacs.dicom.index import Indexed, index
from pacs.dicom.scan import Scan, scan_bytes
from pacs.dicom.tags import ATTRIBUTES, Level
from tests import dicom_files as make

_SYNTAXES = [make.EXPLICIT_LITTLE, make.IMPLICIT_LITTLE, make.EXPLICIT_BIG, make.DEFLATED]


def _indexed(ds: Dataset, syntax: str = make.EXPLICIT_LITTLE) -> Indexed:
    return index(scan_bytes(make.written(ds, syntax)))


def _with(tag: int, vr: str, value: bytes) -> Indexed:
    return index(scan_bytes(make.small({tag: make.element(tag, vr, make.even(value))})))


@pytest.mark.parametrize("syntax", _SYNTAXES)
def test_columns_hold_plain_values(syntax: str) -> None:
    columns = _indexed(make.image(number=3, frames=2), syntax).columns
    assert (columns.patient_name, columns.patient_id, columns.patient_sex) == ("Curie^Marie", "P1", "F")
    assert (columns.patient_birth_date, columns.study_date) == (date(1867, 11, 7), date(2024, 2, 29))
    assert columns.study_time == clock(10, 11, 12, 500_000)
    assert (columns.modality, columns.series_number, columns.instance_number) == ("CT", 1, 3)
    assert (columns.rows, columns.columns, columns.number_of_frames) == (4, 4, 2)
    assert (columns.accession_number, columns.referring_physician_name) == ("A1", "Hahn^Otto")


def test_each_level_tells_its_own_attributes() -> None:
    found = _indexed(make.image())
    assert found.patient["00100020"] == {"vr": "LO", "Value": ["P1"]}
    assert found.study["0020000D"] == {"vr": "UI", "Value": [make.uid(1)]}
    assert found.series["00080060"] == {"vr": "CS", "Value": ["CT"]}
    assert found.instance["00280010"] == {"vr": "US", "Value": [4]}
    levels = [set(level) for level in (found.patient, found.study, found.series, found.instance)]
    assert sum(map(len, levels)) == len(set().union(*levels))


@pytest.mark.parametrize("syntax", _SYNTAXES)
def test_sequences_are_told_with_their_items(syntax: str) -> None:
    ds, request, code = make.image(), Dataset(), Dataset()
    code.CodeValue, code.CodeMeaning = "C1", "Kopf nativ"
    request.ScheduledProcedureStepID = "S1"
    request.ScheduledProtocolCodeSequence = [code]
    ds.RequestAttributesSequence = [request]
    told = _indexed(ds, syntax).series["00400275"]
    assert told == {
        "vr": "SQ",
        "Value": [
            {
                "00400008": {
                    "vr": "SQ",
                    "Value": [
                        {
                            "00080100": {"vr": "SH", "Value": ["C1"]},
                            "00080104": {"vr": "LO", "Value": ["Kopf nativ"]},
                        }
                    ],
                },
                "00400009": {"vr": "SH", "Value": ["S1"]},
            }
        ],
    }


def test_names_have_all_their_groups() -> None:
    ds = make.image()
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    found = _indexed(ds)
    assert found.columns.patient_name == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    assert found.patient["00100010"] == {"vr": "PN", "Value": [name]}


def test_bad_dates_are_told_but_not_believed() -> None:
    found = _with(0x00080020, "DA", b"99999999")
    assert found.columns.study_date is None
    assert found.study["00080020"] == {"vr": "DA", "Value": ["99999999"]}


@pytest.mark.parametrize("text", [b"12345678901", b"1A", b"", b"1e99"])
def test_an_integer_that_fits_no_column_is_none(text: bytes) -> None:
    assert _with(0x00200011, "IS", text).columns.series_number is None


def test_a_long_name_is_cut_in_its_column_only() -> None:
    found = _with(0x00100010, "PN", b"N" * 5000)
    assert found.columns.patient_name == "N" * 256
    assert found.patient["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "N" * 5000}]}


def test_control_characters_do_not_reach_the_index() -> None:
    assert _with(0x00100010, "PN", b"A\0B\x1bC\r\nD").columns.patient_name == "ABCD"


def test_a_value_of_the_wrong_vr_is_left_out() -> None:
    assert "00100020" not in _with(0x00100020, "OB", b"P1").patient


def test_every_attribute_qido_requires_is_in_the_table() -> None:
    required = (
        "StudyDate StudyTime AccessionNumber ReferringPhysicianName TimezoneOffsetFromUTC PatientName PatientID "
        "PatientBirthDate PatientSex StudyInstanceUID StudyID Modality SeriesDescription SeriesInstanceUID "
        "SeriesNumber PerformedProcedureStepStartDate PerformedProcedureStepStartTime RequestAttributesSequence "
        "SOPClassUID SOPInstanceUID InstanceNumber Rows Columns BitsAllocated NumberOfFrames"
    )
    assert set(required.split()) - {attribute.keyword for attribute in ATTRIBUTES.values()} == set()
    assert {attribute.level for attribute in ATTRIBUTES.values()} == set(Level)


def test_an_instance_is_indexed_within_a_millisecond() -> None:
    scan = scan_bytes(make.written(make.image()))
    best = min(_seconds_to_index(scan) for _ in range(20))
    assert best < 0.001


def _seconds_to_index(scan: Scan) -> float:
    start = time.perf_counter()
    index(scan)
    return time.perf_counter() - start
