"""The root that the viewer is given: it asks for priors by the bare Patient ID, which two persons may share."""

import pytest
from django.test import Client

from pacs.models import Study
from tests import factories
from tests.conftest import Clinic
from tests.pacs.dicomweb.searching import found, rows, search

pytestmark = pytest.mark.db


@pytest.fixture
def opened(clinic: Clinic) -> Study:
    return factories.make_study(clinic.tenant, study_uid="1.2.1", patient_name="DOE^JANE", patient_id="P1")


@pytest.fixture
def prior(clinic: Clinic) -> Study:
    return factories.make_study(clinic.tenant, study_uid="1.2.2", patient_name="Doe^Jane", patient_id="P1")


@pytest.fixture
def namesake(clinic: Clinic) -> Study:
    return factories.make_study(clinic.tenant, study_uid="1.2.3", patient_name="ROE^RICHARD", patient_id="P1")


def test_priors_by_the_bare_patient_id_are_the_persons_own(
    opened: Study, prior: Study, namesake: Study, clinic: Clinic, alice: Client
) -> None:
    assert set(found(alice, clinic, "studies", **{"00100020": "P1"})) == {"1.2.1", "1.2.2", "1.2.3"}
    assert set(found(alice, clinic, "beside/1.2.1/studies", **{"00100020": "P1"})) == {"1.2.1", "1.2.2"}


def test_studies_of_two_persons_that_are_open_together(
    opened: Study, prior: Study, namesake: Study, clinic: Clinic, alice: Client
) -> None:
    assert set(found(alice, clinic, "beside/1.2.1,1.2.3/studies")) == {"1.2.1", "1.2.2", "1.2.3"}


def test_series_and_instances_are_narrowed_too(
    opened: Study, namesake: Study, clinic: Clinic, alice: Client
) -> None:
    own, other = factories.make_series(opened), factories.make_series(namesake)
    factories.make_instance(own)
    factories.make_instance(other)
    assert found(alice, clinic, "beside/1.2.1/series") == [own.series_uid]
    assert found(alice, clinic, "beside/1.2.1/studies/1.2.3/series") == []
    assert len(found(alice, clinic, "beside/1.2.1/instances")) == 1
    assert found(alice, clinic, "beside/1.2.1/studies/1.2.3/instances") == []


def test_a_study_without_an_id_has_no_priors(clinic: Clinic, alice: Client) -> None:
    factories.make_study(clinic.tenant, study_uid="1.2.1", patient_id="", patient_name="UNKNOWN")
    factories.make_study(clinic.tenant, study_uid="1.2.2", patient_id="", patient_name="UNKNOWN")
    assert found(alice, clinic, "beside/1.2.1/studies") == ["1.2.1"]


def test_an_unknown_or_foreign_study_opens_nothing(
    opened: Study, other_clinic: Clinic, clinic: Clinic, alice: Client
) -> None:
    factories.make_study(other_clinic.tenant, study_uid="1.2.9", patient_id="P1", patient_name="DOE^JANE")
    for uid in ("1.2.9", "1.2.8,1.2.9"):
        answer = search(alice, clinic, f"beside/{uid}/studies")
        assert (answer.status_code, rows(answer), answer["X-Total-Count"]) == (200, [], "0")


def test_retrieve_addresses_lead_to_the_clinics_root(opened: Study, clinic: Clinic, alice: Client) -> None:
    [row] = rows(search(alice, clinic, "beside/1.2.1/studies"))
    assert row["00081190"]["Value"] == ["http://testserver/c/north/dicom-web/studies/1.2.1"]
