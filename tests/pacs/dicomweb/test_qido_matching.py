"""Every kind of matching of PS3.4 C.2.2.2, asked over HTTP, on both databases."""

from datetime import date, time

import pytest
from django.test import Client

from pacs.models import Study
from tests import factories
from tests.conftest import Clinic
from tests.factories import element
from tests.pacs.dicomweb.searching import found

pytestmark = pytest.mark.db


@pytest.fixture
def jane(clinic: Clinic) -> Study:
    study = factories.make_study(
        clinic.tenant,
        study_uid="1.2.1",
        patient_name="Müller^Jane",
        patient_id="P-1",
        accession_number="ACC-100%",
        description="CT Thorax",
        study_date=date(2024, 2, 29),
        study_time=time(10, 30),
        attributes={
            "00081032": element(
                "SQ",
                {"00080100": element("SH", "CTT"), "00080102": element("SH", "99X")},
                {"00080100": element("SH", "MRT"), "00080102": element("SH", "99Y")},
            ),
            "00101010": element("AS", "054Y"),
            "00102180": element("SH", "Baker"),
        },
    )
    factories.make_series(study, modality="CT")
    factories.make_series(study, modality="SR")
    return study


@pytest.fixture
def john(clinic: Clinic) -> Study:
    study = factories.make_study(
        clinic.tenant,
        study_uid="1.2.2",
        patient_name="DOE^John^Anton^^=山田^太郎",
        patient_id="p-1",
        accession_number="ACC_200",
        description="MR Head",
        study_date=date(2024, 3, 1),
        study_time=time(9, 0),
        birth_date=None,
        sex="M",
    )
    factories.make_series(study, modality="MR")
    return study


def _asked(modality: Client, clinic: Clinic, **parameters: str) -> set[str]:
    return set(found(modality, clinic, **parameters))


JANE, JOHN = {"1.2.1"}, {"1.2.2"}
BOTH = JANE | JOHN


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        # single values; names without case and accents, in any component group
        ("PatientName", "muller^jane", JANE),
        ("PatientName", "MÜLLER^JANE^^", JANE),
        ("PatientName", "doe^john^anton", JOHN),
        ("PatientName", "山田^太郎", JOHN),
        ("PatientName", "doe", set()),
        # other text as it is written
        ("PatientID", "P-1", JANE),
        ("00100020", "p-1", JOHN),
        ("AccessionNumber", "ACC-100%", JANE),
        ("AccessionNumber", "acc-100%", set()),
        ("StudyDescription", "MR Head", JOHN),
        ("PatientSex", "M", JOHN),
        ("PatientAge", "054Y", JANE),
        # wildcards
        ("PatientName", "m*", JANE),
        ("PatientName", "*j?n*", JANE),
        ("PatientName", "*j*n*", BOTH),
        ("PatientName", "山*", JOHN),
        ("PatientName", "*", BOTH),
        ("PatientID", "?-1", BOTH),
        ("PatientID", "P*", JANE),
        ("AccessionNumber", "*100%*", JANE),
        ("AccessionNumber", "ACC_*", JOHN),
        ("AccessionNumber", "ACC-*%", JANE),
        ("StudyDescription", "*Head", JOHN),
        ("Occupation", "B?ker*", JANE),
        ("Occupation", "b?ker*", set()),
        # lists
        ("StudyInstanceUID", "1.2.1\\1.2.9", JANE),
        ("StudyInstanceUID", "1.2.1,1.2.2", BOTH),
        # ranges
        ("StudyDate", "20240229", JANE),
        ("StudyDate", "20240301-", JOHN),
        ("StudyDate", "-20240229", JANE),
        ("StudyDate", "20240101-20241231", BOTH),
        ("StudyTime", "09", JOHN),
        ("StudyTime", "1000-1059", JANE),
        ("PatientBirthDate", "19700102", JANE),
        ("PatientBirthDate", "19700101-", JANE),
        ("NumberOfStudyRelatedSeries", "2", JANE),
        # the modalities in a study
        ("ModalitiesInStudy", "CT", JANE),
        ("ModalitiesInStudy", "SR", JANE),
        ("ModalitiesInStudy", "C", set()),
        ("ModalitiesInStudy", "CT\\MR", BOTH),
        ("ModalitiesInStudy", "?R", BOTH),
        ("ModalitiesInStudy", "C*R", set()),  # CT and SR lie side by side, but are two
        ("Modality", "MR", JOHN),
        # universal matching finds what has no value, too
        ("PatientBirthDate", "", BOTH),
        ("StudyComments", "", BOTH),
        # sequences
        ("ProcedureCodeSequence.CodeValue", "CTT", JANE),
        ("00081032.00080100", "MR?", JANE),
        ("ProcedureCodeSequence.CodeValue", "XXX", set()),
    ],
)
def test_matching(  # noqa: PLR0917  (fixtures and parameters)
    jane: Study, john: Study, clinic: Clinic, modality: Client, keyword: str, value: str, expected: set[str]
) -> None:
    assert _asked(modality, clinic, **{keyword: value}) == expected


def test_one_item_of_a_sequence_has_to_meet_all(jane: Study, clinic: Clinic, modality: Client) -> None:
    code, scheme = "ProcedureCodeSequence__CodeValue", "ProcedureCodeSequence__CodingSchemeDesignator"
    assert _asked(modality, clinic, **{code: "CTT", scheme: "99X"}) == JANE
    assert _asked(modality, clinic, **{code: "CTT", scheme: "99Y"}) == set()


def test_all_criteria_have_to_be_met(jane: Study, john: Study, clinic: Clinic, modality: Client) -> None:
    assert _asked(modality, clinic, PatientName="*j*n*", PatientSex="M") == JOHN
    assert _asked(modality, clinic, PatientName="m*", PatientSex="M") == set()


def test_a_range_of_dates_and_one_of_times_are_one_span(
    jane: Study, john: Study, clinic: Clinic, modality: Client
) -> None:
    span = {"StudyDate": "20240229-20240301", "StudyTime": "1000-0930"}
    assert _asked(modality, clinic, **span) == BOTH
    assert _asked(modality, clinic, **span | {"StudyTime": "1000-0859"}) == JANE


def test_fuzzy_names_match_by_the_beginnings_of_words(
    jane: Study, john: Study, clinic: Clinic, modality: Client
) -> None:
    assert _asked(modality, clinic, PatientName="joh do", fuzzymatching="true") == JOHN
    assert _asked(modality, clinic, PatientName="jan mull", fuzzymatching="true") == JANE
    assert _asked(modality, clinic, PatientName="anton", fuzzymatching="true") == JOHN
    assert _asked(modality, clinic, PatientName="uller", fuzzymatching="true") == set()
    assert _asked(modality, clinic, PatientName="j+ (", fuzzymatching="true") == set()
    assert _asked(modality, clinic, PatientName="太", fuzzymatching="true") == JOHN


def test_a_study_is_found_by_the_uid_of_a_series_or_an_instance(
    jane: Study, john: Study, clinic: Clinic, modality: Client
) -> None:
    series = factories.make_series(jane, series_uid="1.2.1.7")
    factories.make_instance(series, sop_uid="1.2.1.7.1")
    assert _asked(modality, clinic, SeriesInstanceUID="1.2.1.7") == JANE
    assert _asked(modality, clinic, SOPInstanceUID="1.2.1.7.1") == JANE


def test_another_clinics_studies_are_not_found(
    jane: Study, other_clinic: Clinic, clinic: Clinic, modality: Client
) -> None:
    factories.make_study(other_clinic.tenant, patient_name="Müller^Jane", study_uid="1.2.9")
    assert _asked(modality, clinic, PatientName="m*") == JANE
    assert modality.get(f"{other_clinic.root}/dicom-web/studies").status_code == 401


def test_what_lies_in_the_bin_is_not_found(jane: Study, clinic: Clinic, modality: Client) -> None:
    factories.make_study(clinic.tenant, patient_name="Müller^Max", binned_at=factories.ARRIVED_AT)
    assert _asked(modality, clinic, PatientName="m*") == JANE
