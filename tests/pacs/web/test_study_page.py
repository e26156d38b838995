"""The page of one study: what it is, its series, and the person's other studies."""

import re
from datetime import date

import pytest
from django.test import Client

from pacs.models import HeldFile, Study
from pacs.retrieve import reading
from tenants import authentication, entry
from tenants.models import AccessSession, Role
from tests import factories
from tests.conftest import NOW, Clinic, make_member, signed_in
from tests.pacs.web.reading_pages import text, trail

pytestmark = pytest.mark.db


@pytest.fixture(autouse=True)
def _fresh_reading() -> None:
    reading.forget()


@pytest.fixture
def study(clinic: Clinic) -> Study:
    """A study of two series and a report, of a person with an older study."""
    found = factories.make_study(
        clinic.tenant, study_uid="1.2.3", patient_name="Curie^Marie", patient_id="B2"
    )
    axial = factories.make_series(found, series_uid="1.2.3.1", series_number=2, description="Axial")
    factories.make_instance(axial)
    factories.make_instance(axial)
    factories.make_series(found, series_uid="1.2.3.2", series_number=1, description="Scout")
    factories.make_series(found, series_uid="1.2.3.3", modality="SR", series_number=None, description="")
    factories.make_study(
        clinic.tenant,
        study_uid="1.2.4",
        patient_name="Curie^Marie",
        patient_id="B2",
        study_date=date(2020, 5, 17),
        description="Prior knee",
    )
    return found


def test_it_tells_who_and_what(study: Study, alice: Client) -> None:
    words = text(alice.get("/c/north/studies/1.2.3/"))
    for told in ("Curie, Marie", "B2", "born 2 Jan 1970", "20 Nov 2026, 10:30", "HOUSE, GREGORY", "2 images"):
        assert told in words


def test_series_stand_in_order_with_their_pictures(study: Study, alice: Client) -> None:
    page = alice.get("/c/north/studies/1.2.3/").content.decode()
    words = text(page)
    assert words.index("1 · Scout") < words.index("2 · Axial") < words.index("Series without a description")
    assert re.findall(r'src="([^"]*)/thumbnail"', page) == [
        "/c/north/dicom-web/studies/1.2.3/series/1.2.3.2",
        "/c/north/dicom-web/studies/1.2.3/series/1.2.3.1",
    ]


def test_other_studies_are_those_of_the_person(study: Study, alice: Client, clinic: Clinic) -> None:
    factories.make_study(
        clinic.tenant, study_uid="1.2.5", patient_name="Other^One", patient_id="B2", description="Not hers"
    )
    words = text(alice.get("/c/north/studies/1.2.3/"))
    assert "17 May 2020 · · Prior knee" in words
    assert "Not hers" not in words


def test_times_are_the_clinics(study: Study, alice: Client, clinic: Clinic) -> None:
    assert "22 Nov 2026, 11:00" in text(alice.get("/c/north/studies/1.2.3/"))
    clinic.tenant.time_zone = "America/Sao_Paulo"
    clinic.tenant.save()
    authentication.forget()
    assert "22 Nov 2026, 08:00" in text(alice.get("/c/north/studies/1.2.3/"))


def test_opening_the_page_opens_the_study_once(study: Study, alice: Client, clinic: Clinic) -> None:
    before = trail(clinic)
    alice.get("/c/north/studies/1.2.3/")
    alice.get("/c/north/studies/1.2.3/")
    assert trail(clinic)[len(before) :] == ["study-opened"]
    with entry.enter(clinic.tenant):
        assert AccessSession.objects.get().subject_id == study.id


def test_replaced_versions_are_named_to_those_who_decide(study: Study, clinic: Clinic, alice: Client) -> None:
    with entry.enter(clinic.tenant):
        HeldFile.objects.create(
            reason="conflict",
            state="replaced",
            sender_kind="archive",
            study_uid="1.2.3",
            plain_size=1,
            plain_sha256=bytes(32),
            created_at=NOW,
            last_arrived_at=NOW,
        )
    address = "/c/north/attention/?state=replaced&amp;study=1.2.3"
    assert address in alice.get("/c/north/studies/1.2.3/").content.decode()
    rita = signed_in(make_member(clinic, "rita", Role.REFERRING_PHYSICIAN))
    assert address not in rita.get("/c/north/studies/1.2.3/").content.decode()


def test_who_may_not_delete_has_no_button_for_it(study: Study, clinic: Clinic, alice: Client) -> None:
    rita = signed_in(make_member(clinic, "rita", Role.REFERRING_PHYSICIAN))
    for client, count in ((alice, 4), (rita, 0)):
        assert client.get("/c/north/studies/1.2.3/").content.decode().count("/studies/delete") == count


@pytest.mark.parametrize("uid", ["1.2.9", "9", "1.2.3.1"])
def test_an_absent_study_has_no_page(study: Study, alice: Client, clinic: Clinic, uid: str) -> None:
    before = trail(clinic)
    assert alice.get(f"/c/north/studies/{uid}/").status_code == 404
    assert trail(clinic) == before


def test_a_study_in_the_bin_and_one_of_another_clinic_look_absent(
    study: Study, alice: Client, clinic: Clinic, other_clinic: Clinic
) -> None:
    factories.make_study(other_clinic.tenant, study_uid="1.2.7")
    factories.make_study(clinic.tenant, study_uid="1.2.8", binned_at=NOW)
    before = trail(clinic)
    pages = [alice.get(f"/c/north/studies/{uid}/") for uid in ("1.2.7", "1.2.8", "1.2.9")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert len({page.content for page in pages}) == 1
    assert trail(clinic) == before
