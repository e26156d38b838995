"""Series and instances, with attributes of the levels above as criteria and in answers (PS3.18 §10.6)."""

import pytest
from django.test import Client

from pacs.models import Instance, Series, Study
from tests import factories
from tests.conftest import Clinic
from tests.factories import element
from tests.pacs.dicomweb.searching import found, rows, search

pytestmark = pytest.mark.db


@pytest.fixture
def study(clinic: Clinic) -> Study:
    return factories.make_study(clinic.tenant, study_uid="1.2", patient_id="P1")


@pytest.fixture
def ct(study: Study) -> Series:
    step = {"00400009": element("SH", "S1"), "00401001": element("SH", "R1")}
    more = {"00081010": element("SH", "CT01"), "00400275": element("SQ", step)}
    return factories.make_series(study, series_uid="1.2.3", modality="CT", series_number=2, attributes=more)


@pytest.fixture
def sr(study: Study) -> Series:
    return factories.make_series(study, series_uid="1.2.4", modality="SR", series_number=1, description="")


@pytest.fixture
def image(ct: Series) -> Instance:
    return factories.make_instance(ct, sop_uid="1.2.3.1", instance_number=2, number_of_frames=3)


def test_series_of_a_study_by_their_numbers(ct: Series, sr: Series, clinic: Clinic, modality: Client) -> None:
    assert found(modality, clinic, "studies/1.2/series") == ["1.2.4", "1.2.3"]


def test_series_of_no_study_are_none(clinic: Clinic, modality: Client) -> None:
    assert found(modality, clinic, "studies/1.2.99/series") == []


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("Modality", "CT", ["1.2.3"]),
        ("SeriesInstanceUID", "1.2.3\\1.2.4", ["1.2.4", "1.2.3"]),
        ("SeriesNumber", "02", ["1.2.3"]),
        ("SeriesDescription", "AX*", ["1.2.3"]),
        ("StationName", "CT0?", ["1.2.3"]),
        ("PatientID", "P1", ["1.2.4", "1.2.3"]),
        ("PatientName", "doe*", ["1.2.4", "1.2.3"]),
        ("PatientID", "P2", []),
        ("NumberOfSeriesRelatedInstances", "1", ["1.2.3"]),
        ("RequestAttributesSequence.ScheduledProcedureStepID", "S1", ["1.2.3"]),
        ("SOPInstanceUID", "1.2.3.1", ["1.2.3"]),
        ("ModalitiesInStudy", "SR", ["1.2.4", "1.2.3"]),
    ],
)
def test_series_by_their_own_and_their_studys_attributes(  # noqa: PLR0917  (fixtures and parameters)
    image: Instance,
    sr: Series,
    clinic: Clinic,
    modality: Client,
    keyword: str,
    value: str,
    expected: list[str],
) -> None:
    assert found(modality, clinic, "series", **{keyword: value}) == expected


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("SOPClassUID", factories.CT_IMAGE, ["1.2.3.0", "1.2.3.1"]),
        ("InstanceNumber", "2", ["1.2.3.1"]),
        ("NumberOfFrames", "3", ["1.2.3.1"]),
        ("Rows", "512", ["1.2.3.0", "1.2.3.1"]),
        ("Modality", "CT", ["1.2.3.0", "1.2.3.1"]),
        ("Modality", "MR", []),
        ("PatientID", "P1", ["1.2.3.0", "1.2.3.1"]),
        ("ImageType", "DERIVED", ["1.2.3.0"]),
        ("AcquisitionDateTime", "20240229080000+0000-20240229090000+0000", ["1.2.3.0"]),
    ],
)
def test_instances_by_attributes_of_every_level(  # noqa: PLR0917  (fixtures and parameters)
    image: Instance, clinic: Clinic, modality: Client, keyword: str, value: str, expected: list[str]
) -> None:
    more = {"00080008": element("CS", "DERIVED", "PRIMARY"), "0008002A": element("DT", "20240229103000+0200")}
    factories.make_instance(image.series, sop_uid="1.2.3.0", attributes=more)
    for path in ("instances", "studies/1.2/instances", "studies/1.2/series/1.2.3/instances"):
        assert found(modality, clinic, path, **{keyword: value}) == expected


def test_an_instance_is_not_found_below_another_series(
    image: Instance, sr: Series, clinic: Clinic, modality: Client
) -> None:
    assert found(modality, clinic, "studies/1.2/series/1.2.4/instances") == []


def test_a_binned_series_hides_its_instances(image: Instance, clinic: Clinic, modality: Client) -> None:
    binned = factories.make_series(image.study, series_uid="1.2.5", binned_at=factories.ARRIVED_AT)
    factories.make_instance(binned, sop_uid="1.2.5.1")
    assert found(modality, clinic, "studies/1.2/series") == ["1.2.3"]
    assert found(modality, clinic, "studies/1.2/instances") == ["1.2.3.1"]


def test_a_series_tells_what_the_standard_lists(image: Instance, clinic: Clinic, modality: Client) -> None:
    [row] = rows(search(modality, clinic, "studies/1.2/series"))
    assert row == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "0008103E": {"vr": "LO", "Value": ["AXIAL"]},
        "00081190": {"vr": "UR", "Value": ["http://testserver/c/north/dicom-web/studies/1.2/series/1.2.3"]},
        "0020000D": {"vr": "UI", "Value": ["1.2"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
        "00200011": {"vr": "IS", "Value": [2]},
        "00201209": {"vr": "IS", "Value": [1]},
        "00400275": {
            "vr": "SQ",
            "Value": [{"00400009": {"vr": "SH", "Value": ["S1"]}, "00401001": {"vr": "SH", "Value": ["R1"]}}],
        },
    }


def test_an_instance_tells_what_the_standard_lists(image: Instance, clinic: Clinic, modality: Client) -> None:
    [row] = rows(search(modality, clinic, "studies/1.2/series/1.2.3/instances"))
    place = "http://testserver/c/north/dicom-web/studies/1.2/series/1.2.3/instances/1.2.3.1"
    assert row == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080016": {"vr": "UI", "Value": [factories.CT_IMAGE]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.1"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00081190": {"vr": "UR", "Value": [place]},
        "00083002": {"vr": "UI", "Value": [factories.EXPLICIT_LITTLE_ENDIAN]},
        "0020000D": {"vr": "UI", "Value": ["1.2"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
        "00200013": {"vr": "IS", "Value": [2]},
        "00280008": {"vr": "IS", "Value": [3]},
        "00280010": {"vr": "US", "Value": [512]},
        "00280011": {"vr": "US", "Value": [512]},
        "00280100": {"vr": "US", "Value": [16]},
    }


def test_levels_that_the_address_leaves_open_are_told(
    image: Instance, clinic: Clinic, modality: Client
) -> None:
    [row] = rows(search(modality, clinic, "instances"))
    assert row["00100020"]["Value"] == ["P1"]
    assert row["00080060"]["Value"] == ["CT"]
    [row] = rows(search(modality, clinic, "studies/1.2/instances"))
    assert "00100020" not in row
    assert row["00080060"]["Value"] == ["CT"]
