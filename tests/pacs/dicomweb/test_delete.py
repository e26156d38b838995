"""DELETE over DICOMweb: into the bin, for those who may."""

import pytest
from django.test import Client

from pacs.models import Series, Study
from tenants import api_keys, entry
from tenants.models import Role
from tenants.permissions import system_actor
from tests import factories
from tests.conftest import NOW, Clinic, make_member, signed_in, with_key
from tests.pacs.web.reading_pages import trail

pytestmark = pytest.mark.db
STUDY = "/c/north/dicom-web/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
SAME_ORIGIN = {"Origin": "http://testserver"}


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with a study of two series."""
    study = factories.make_study(clinic.tenant, study_uid="1.2.3")
    for number in (1, 2):
        factories.make_instance(factories.make_series(study, series_uid=f"1.2.3.{number}"))
    return clinic


def shown(clinic: Clinic) -> tuple[int, int, int]:
    """Return how many studies and series are shown, and how long the trail is."""
    with entry.enter(clinic.tenant):
        return (
            Study.objects.filter(binned_at=None).count(),
            Series.objects.filter(binned_at=None).count(),
            len(trail(clinic)),
        )


def test_a_study_is_moved_to_the_bin(north: Clinic, modality: Client) -> None:
    assert modality.delete(STUDY).status_code == 204
    assert modality.get("/c/north/dicom-web/studies").json() == []
    assert trail(north)[-2:] == ["study-binned", "searched"]


def test_a_series_is_moved_to_the_bin(north: Clinic, modality: Client) -> None:
    assert modality.delete(SERIES).status_code == 204
    found = modality.get(f"{STUDY}/series").json()
    assert [one["0020000E"]["Value"] for one in found] == [["1.2.3.2"]]


@pytest.mark.parametrize("address", [STUDY, SERIES])
def test_a_second_time_there_is_nothing(north: Clinic, modality: Client, address: str) -> None:
    modality.delete(address)
    before = shown(north)
    assert modality.delete(address).status_code == 404
    assert shown(north) == before


def test_a_person_deletes_with_the_session(north: Clinic, alice: Client) -> None:
    assert alice.delete(STUDY, headers=SAME_ORIGIN).status_code == 204
    assert shown(north)[0] == 0


@pytest.mark.parametrize("address", [STUDY, SERIES])
def test_another_site_deletes_nothing(north: Clinic, alice: Client, address: str) -> None:
    before = shown(north)
    for headers in ({}, {"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        assert alice.delete(address, headers=headers).status_code == 403
    assert shown(north) == before


@pytest.mark.parametrize("address", [STUDY, SERIES])
def test_a_key_without_the_right_deletes_nothing(north: Clinic, address: str) -> None:
    with entry.enter(north.tenant):
        _, key = api_keys.issue(system_actor("t"), name="reader", scopes=["store", "query", "read"], now=NOW)
    before = shown(north)
    assert with_key(key).delete(address).status_code == 403
    assert shown(north) == before


@pytest.mark.parametrize("address", [STUDY, SERIES])
def test_a_technician_deletes_nothing(north: Clinic, address: str) -> None:
    technician = signed_in(make_member(north, "tom", Role.TECHNICIAN))
    before = shown(north)
    assert technician.delete(address, headers=SAME_ORIGIN).status_code == 403
    assert shown(north) == before


@pytest.mark.parametrize("address", [STUDY, SERIES])
def test_strangers_delete_nothing(
    north: Clinic, other_clinic: Clinic, nobody: Client, charlie: Client, address: str
) -> None:
    before = shown(north)
    assert nobody.delete(address).status_code == 401
    assert with_key(other_clinic.api_key).delete(address).status_code == 401
    assert charlie.delete(address, headers=SAME_ORIGIN).status_code == 404
    assert with_key(other_clinic.api_key).delete(address.replace("north", "south")).status_code == 404
    assert shown(north) == before
