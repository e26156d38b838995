"""What an answer holds and tells: attributes, pages, totals, warnings, media types, refusals."""

import json
from datetime import date, time

import pytest
from django.test import Client

from pacs.dicomweb.media_types import MediaType
from pacs.models import Study
from tests import factories
from tests.conftest import Clinic, make_member, signed_in
from tests.factories import element
from tests.pacs.dicomweb.searching import found, rows, search

pytestmark = pytest.mark.db


@pytest.fixture
def study(clinic: Clinic) -> Study:
    more = {"00101010": element("AS", "054Y"), "00081032": element("SQ", {"00080100": element("SH", "X")})}
    study = factories.make_study(clinic.tenant, study_uid="1.2", birth_date=None, attributes=more)
    factories.make_series(study)
    return study


def _five(clinic: Clinic) -> None:
    for number in range(1, 6):
        factories.make_study(clinic.tenant, study_uid=f"1.2.{number}", study_date=None, study_time=None)


def test_a_study_tells_what_the_standard_lists(study: Study, clinic: Clinic, modality: Client) -> None:
    answer = search(modality, clinic)
    assert answer["Content-Type"] == "application/dicom+json"
    assert rows(answer) == [
        {
            "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
            "00080020": {"vr": "DA", "Value": ["20261120"]},
            "00080030": {"vr": "TM", "Value": ["103000"]},
            "00080050": {"vr": "SH", "Value": ["A1"]},
            "00080056": {"vr": "CS", "Value": ["ONLINE"]},
            "00080061": {"vr": "CS", "Value": ["CT"]},
            "00080090": {"vr": "PN", "Value": [{"Alphabetic": "HOUSE^GREGORY"}]},
            "00081030": {"vr": "LO", "Value": ["CT HEAD"]},
            "00081190": {"vr": "UR", "Value": ["http://testserver/c/north/dicom-web/studies/1.2"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]},
            "00100020": {"vr": "LO", "Value": ["P1"]},
            "00100030": {"vr": "DA"},
            "00100040": {"vr": "CS", "Value": ["F"]},
            "0020000D": {"vr": "UI", "Value": ["1.2"]},
            "00200010": {"vr": "SH", "Value": ["S1"]},
            "00201206": {"vr": "IS", "Value": [1]},
            "00201208": {"vr": "IS", "Value": [0]},
        }
    ]


@pytest.mark.parametrize("included", ["PatientAge", "00101010", "00081030,00101010"])
def test_included_fields_are_told(study: Study, clinic: Clinic, modality: Client, included: str) -> None:
    [row] = rows(search(modality, clinic, includefield=included))
    assert row["00101010"] == {"vr": "AS", "Value": ["054Y"]}
    assert "00081032" not in row


def test_all_fields_are_told(study: Study, clinic: Clinic, modality: Client) -> None:
    [row] = rows(search(modality, clinic, includefield="all"))
    assert {"00101010", "00081032"} <= row.keys()


def test_matched_attributes_are_told(study: Study, clinic: Clinic, modality: Client) -> None:
    [row] = rows(search(modality, clinic, PatientAge="054Y"))
    assert row["00101010"]["Value"] == ["054Y"]


def test_attributes_of_lower_levels_are_not_told(study: Study, clinic: Clinic, modality: Client) -> None:
    [row] = rows(search(modality, clinic, includefield="SeriesDescription"))
    assert "0008103E" not in row


def test_the_newest_come_first_and_the_undated_last(clinic: Clinic, modality: Client) -> None:
    days = {"1.2.1": None, "1.2.2": date(2024, 1, 1), "1.2.3": date(2025, 1, 1), "1.2.4": date(2025, 1, 1)}
    times = {"1.2.3": time(8), "1.2.4": time(9)}
    for uid, day in days.items():
        factories.make_study(clinic.tenant, study_uid=uid, study_date=day, study_time=times.get(uid))
    assert found(modality, clinic) == ["1.2.4", "1.2.3", "1.2.2", "1.2.1"]


def test_pages_tell_what_is_left(clinic: Clinic, modality: Client) -> None:
    _five(clinic)
    answer = search(modality, clinic, limit="2", offset="1")
    assert [row["0020000D"]["Value"][0] for row in rows(answer)] == ["1.2.4", "1.2.3"]
    assert answer["X-Total-Count"] == "5"
    root = "http://testserver/c/north/dicom-web"
    assert answer["Warning"] == f"299 {root}: There are 2 additional results that can be requested"


@pytest.mark.parametrize(
    ("limit", "offset", "uids"), [("2", "4", ["1.2.1"]), ("5", "0", None), ("2", "9", []), ("0", "0", [])]
)
def test_a_last_page_has_the_total_too(
    clinic: Clinic, modality: Client, limit: str, offset: str, uids: list[str] | None
) -> None:
    _five(clinic)
    answer = search(modality, clinic, PatientID="P1", limit=limit, offset=offset)
    expected = uids if uids is not None else [f"1.2.{number}" for number in (5, 4, 3, 2, 1)]
    assert [row["0020000D"]["Value"][0] for row in rows(answer)] == expected
    assert answer["X-Total-Count"] == "5"
    assert ("Warning" in answer) == (limit == "0")


def test_no_results_are_an_empty_list(clinic: Clinic, modality: Client) -> None:
    answer = search(modality, clinic, PatientID="nobody")
    assert (answer.status_code, answer.getvalue(), answer["X-Total-Count"]) == (200, b"[]", "0")


def test_the_total_of_everything_is_the_clinics_counter(
    clinic: Clinic, other_clinic: Clinic, modality: Client
) -> None:
    _five(clinic)
    factories.make_study(other_clinic.tenant)
    assert search(modality, clinic, limit="1")["X-Total-Count"] == "5"


def test_a_total_beyond_what_is_counted_is_absent(
    clinic: Clinic, modality: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacs.search.find.COUNTED_AT_MOST", 4)
    _five(clinic)
    answer = search(modality, clinic, PatientID="P1", limit="1")
    assert "X-Total-Count" not in answer
    assert answer["Warning"].endswith(": There are additional results that can be requested")
    assert (
        search(modality, clinic, PatientID="P1", limit="1", StudyInstanceUID="1.2.1,1.2.2")["X-Total-Count"]
        == "2"
    )


def test_more_than_a_thousand_are_never_sent_at_once(
    clinic: Clinic, modality: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacs.search.find.ROWS_AT_MOST", 3)
    _five(clinic)
    assert len(found(modality, clinic, limit="1000000")) == 3


def test_what_is_not_used_is_told(study: Study, clinic: Clinic, modality: Client) -> None:
    answer = search(modality, clinic, NoSuchThing="1", SeriesDescription="X", PatientReligiousPreference="X")
    assert len(rows(answer)) == 1
    root = "http://testserver/c/north/dicom-web"
    assert answer["Warning"] == f"299 {root}: Not used: NoSuchThing 0008103E 001021F0"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("application/dicom+json", "application/dicom+json"),
        ("application/json", "application/json"),
        ("text/html, application/dicom+json;q=0.5", "application/dicom+json"),
    ],
)
def test_json_is_sent_as_it_is_liked(
    study: Study, clinic: Clinic, modality: Client, accept: str, content_type: str
) -> None:
    answer = modality.get(f"{clinic.root}/dicom-web/studies", headers={"accept": accept} if accept else {})
    assert answer["Content-Type"] == content_type
    assert len(json.loads(answer.getvalue())) == 1


def test_xml_is_one_part_for_each_result(study: Study, clinic: Clinic, modality: Client) -> None:
    wish = {"accept": 'multipart/related; type="application/dicom+xml"'}
    answer = modality.get(f"{clinic.root}/dicom-web/studies", headers=wish)
    boundary = MediaType.parse(answer["Content-Type"]).parameters["boundary"]
    [_, part, end] = answer.getvalue().split(f"--{boundary}".encode())
    head, _, document = part.partition(b"\r\n\r\n")
    assert head.strip() == b"Content-Type: application/dicom+xml"
    uid = b'<DicomAttribute tag="0020000D" vr="UI" keyword="StudyInstanceUID"><Value number="1">1.2</Value>'
    assert uid in document
    assert end == b"--\r\n"


def test_no_results_as_xml_are_no_content(clinic: Clinic, modality: Client) -> None:
    wish = {"accept": 'multipart/related; type="application/dicom+xml"'}
    assert modality.get(f"{clinic.root}/dicom-web/studies", headers=wish).status_code == 204


def test_the_parameter_accept_goes_before_the_header(study: Study, clinic: Clinic, modality: Client) -> None:
    answer = search(modality, clinic, accept="application/json")
    assert answer["Content-Type"] == "application/json"


def test_a_form_that_we_cannot_make_is_not_acceptable(study: Study, clinic: Clinic, modality: Client) -> None:
    answer = modality.get(f"{clinic.root}/dicom-web/studies", headers={"accept": "text/csv"})
    assert answer.status_code == 406


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"StudyDate": "yesterday"}, "StudyDate"),
        ({"limit": "-1"}, "limit"),
        ({"offset": "x"}, "offset"),
        ({"fuzzymatching": "maybe"}, "fuzzymatching"),
        ({"StudyInstanceUID": "x y"}, "StudyInstanceUID"),
        ({"PatientName": "a\0b"}, "PatientName"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    study: Study, clinic: Clinic, modality: Client, parameters: dict[str, str], names: str
) -> None:
    answer = search(modality, clinic, **parameters)
    assert answer.status_code == 400
    assert names in answer.getvalue().decode()
    assert parameters[names] not in answer.getvalue().decode()


def test_criteria_without_a_column_are_bounded(
    clinic: Clinic, modality: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacs.search.find.EXAMINED_AT_MOST", 4)
    _five(clinic)
    assert search(modality, clinic, PatientAge="054Y").status_code == 413
    assert search(modality, clinic, PatientAge="054Y", StudyInstanceUID="1.2.1").status_code == 200


def test_criteria_without_a_column_make_pages_too(clinic: Clinic, modality: Client) -> None:
    for number in range(1, 6):
        age = element("AS", "054Y" if number % 2 else "001Y")
        factories.make_study(clinic.tenant, study_uid=f"1.2.{number}", attributes={"00101010": age})
    answer = search(modality, clinic, PatientAge="054Y", limit="1", offset="1")
    assert [row["0020000D"]["Value"][0] for row in rows(answer)] == ["1.2.3"]
    assert "X-Total-Count" not in answer
    assert search(modality, clinic, PatientAge="054Y")["X-Total-Count"] == "3"


def test_a_person_without_the_right_is_told_so(study: Study, clinic: Clinic) -> None:
    client = signed_in(make_member(clinic, "bill", "billing"))
    answer = search(client, clinic)
    assert answer.status_code == 403
    assert b"1.2" not in answer.getvalue()


def test_a_stranger_is_asked_to_sign_in(
    study: Study, clinic: Clinic, nobody: Client, charlie: Client
) -> None:
    assert search(nobody, clinic).status_code == 401
    assert search(charlie, clinic).status_code == 404


def test_a_search_reads_few_times(
    study: Study, clinic: Clinic, modality: Client, django_assert_max_num_queries: object
) -> None:
    found(modality, clinic)  # keys are cached from now on
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # pytest-django's fixture
        found(modality, clinic, PatientName="doe*")
