"""The study list: what it finds, how it is sorted and paged, and what stands beside each study."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pacs.models import HeldFile, Study
from tenants import authentication, entry
from tenants.models import Role, Tenant
from tests import factories
from tests.conftest import Clinic, make_member, signed_in
from tests.pacs.web.reading_pages import names, row_of, text, trail

pytestmark = pytest.mark.db
LIST = "/c/north/studies/"


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """Three studies of three persons, of today, of last week and without a date."""
    today = timezone.localdate()
    factories.make_study(
        clinic.tenant,
        patient_name="Conceição^João",
        patient_id="A1",
        study_date=today,
        accession_number="",
        description="",
    )
    curie = factories.make_study(
        clinic.tenant,
        patient_name="Curie^Marie=居里",
        patient_id="B2",
        accession_number="ACC-77",
        description="Tórax PA",
        study_date=today - timedelta(days=6),
    )
    factories.make_study(
        clinic.tenant,
        patient_name="Zuse^Konrad",
        patient_id="C3",
        study_date=None,
        study_time=None,
        accession_number="",
        description="",
    )
    factories.make_series(curie, modality="MR")
    return clinic


JOAO, MARIE, KONRAD = "Conceição, João", "Curie, Marie (居里)", "Zuse, Konrad"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [JOAO, MARIE, KONRAD]),
        ("q=joao", [JOAO]),
        ("q=Curie, Marie", [MARIE]),
        ("q=acc-77", [MARIE]),
        ("q=torax marie", [MARIE]),
        ("q=b2", [MARIE]),
        ("q=joao marie", []),
        ("period=today", [JOAO]),
        ("period=week", [JOAO, MARIE]),
        ("period=month", [JOAO, MARIE]),
        ("modality=MR", [MARIE]),
        ("modality=CT", []),
        ("name=zuse", [KONRAD]),
        ("id=a1", [JOAO]),
        ("accession=77", [MARIE]),
        ("description=pa", [MARIE]),
        ("sort=oldest", [KONRAD, MARIE, JOAO]),
        ("sort=name", [JOAO, MARIE, KONRAD]),
        ("sort=-name", [KONRAD, MARIE, JOAO]),
    ],
)
def test_it_finds_what_the_address_asks_for(
    north: Clinic, alice: Client, query: str, found: list[str]
) -> None:
    assert names(alice.get(f"{LIST}?{query}")) == found


def test_it_finds_between_two_dates(north: Clinic, alice: Client) -> None:
    day = timezone.localdate() - timedelta(days=6)
    assert names(alice.get(f"{LIST}?period=range&since={day}&until={day}")) == [MARIE]
    assert names(alice.get(f"{LIST}?period=range&since={day}")) == [JOAO, MARIE]
    assert names(alice.get(f"{LIST}?since={day}&until={day}")) == [JOAO, MARIE, KONRAD]


def test_today_is_the_clinics_day(clinic: Clinic, alice: Client) -> None:
    Tenant.objects.filter(pk=clinic.tenant.pk).update(time_zone="Pacific/Kiritimati")
    authentication.forget()
    there = timezone.localdate(timezone=ZoneInfo("Pacific/Kiritimati"))
    factories.make_study(clinic.tenant, patient_name="Early^Bird", study_date=there)
    factories.make_study(clinic.tenant, patient_name="Late^Owl", study_date=there - timedelta(days=1))
    assert names(alice.get(f"{LIST}?period=today")) == ["Early, Bird"]


def test_the_list_and_qido_agree(north: Clinic, alice: Client, modality: Client) -> None:
    listed = names(alice.get(f"{LIST}?modality=MR"))
    found = modality.get("/c/north/dicom-web/studies?ModalitiesInStudy=MR").json()
    assert (listed, [one["00100020"]["Value"] for one in found]) == ([MARIE], [["B2"]])


def test_pages_follow_each_other_and_lead_back(clinic: Clinic, alice: Client) -> None:
    first_day = date(2026, 1, 1)
    for number in range(120):
        factories.make_study(
            clinic.tenant,
            patient_name=f"P{number:03}",
            patient_id=f"P{number}",
            study_date=first_day + timedelta(days=number),
        )
    seen, address = [], LIST
    for summary in ("1–50 of 120 studies", "51–100 of 120 studies", "101–120 of 120 studies"):
        page = alice.get(address)
        assert summary in text(page)
        seen += names(page)
        follows = re.search(r'rel="next" href="\?([^"]*)"', page.content.decode())
        address = f"{LIST}?{follows[1]}".replace("&amp;", "&") if follows else ""
    assert (address, seen) == ("", [f"P{number:03}" for number in reversed(range(120))])
    for summary in ("51–100 of 120 studies", "1–50 of 120 studies"):
        before = re.search(r'rel="prev" href="\?([^"]*)"', page.content.decode())
        assert before is not None
        page = alice.get(f"{LIST}?{before[1]}".replace("&amp;", "&"))
        assert summary in text(page)


def test_htmx_gets_the_results_alone(north: Clinic, alice: Client) -> None:
    part = alice.get(f"{LIST}?q=joao", headers={"HX-Request": "true"})
    assert names(part) == [JOAO]
    assert b"<html" not in part.content
    assert {"HX-Request", "Cookie"} <= {name.strip() for name in part["Vary"].split(",")}


def test_going_back_htmx_gets_the_whole_page(north: Clinic, alice: Client) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert b"<html" in alice.get(LIST, headers=headers).content


def test_filters_stand_in_their_fields(north: Clinic, alice: Client) -> None:
    page = alice.get(f"{LIST}?q=joao&period=week&modality=XYZ&name=c").content.decode()
    assert 'name="q" maxlength="200" autocomplete="off" value="joao"' in page
    assert 'value="week" id="period-2" checked' in page
    assert "<option selected>XYZ</option>" in page
    assert '<details class="filters-more" open>' in page


@pytest.mark.parametrize("query", ["period=range&since=yesterday", "sort=size", "after=1", "period=never"])
def test_what_cannot_be_understood_shows_no_study(north: Clinic, alice: Client, query: str) -> None:
    page = alice.get(f"{LIST}?{query}")
    assert (page.status_code, names(page)) == (400, [])
    assert "Something in the filters cannot be understood." in text(page)


def test_a_clinic_without_studies_is_told_what_to_do(clinic: Clinic, alice: Client) -> None:
    page = alice.get(LIST)
    assert "No studies yet" in text(page)
    assert "http://testserver/c/north/dicom-web/studies" in text(page)
    assert 'href="/c/north/upload/"' in page.content.decode()
    assert 'id="filters"' not in page.content.decode()


def test_who_may_not_upload_is_not_told_to(clinic: Clinic) -> None:
    page = signed_in(make_member(clinic, "rita", Role.REFERRING_PHYSICIAN)).get(LIST)
    assert "Studies appear here as soon as somebody sends" in text(page)
    assert "/c/north/upload/" not in page.content.decode()


def test_a_search_without_results_offers_to_clear_it(north: Clinic, alice: Client) -> None:
    assert "No study matches" in text(alice.get(f"{LIST}?q=nobody"))


def test_a_study_is_arriving_until_two_minutes_after_its_last_image(north: Clinic, alice: Client) -> None:
    for age, is_told in ((timedelta(seconds=110), True), (timedelta(seconds=130), False)):
        with entry.enter(north.tenant):
            Study.objects.filter(patient_id="A1").update(last_arrived_at=timezone.now() - age)
        assert ("arriving" in row_of(alice.get(LIST), JOAO)) is is_told


def test_refused_images_lead_to_where_they_wait(north: Clinic, alice: Client) -> None:
    with entry.enter(north.tenant):
        Study.objects.filter(patient_id="A1").update(refused_count=2)
        uid = Study.objects.get(patient_id="A1").study_uid
    page = alice.get(LIST)
    assert "2 images refused" in row_of(page, JOAO)
    assert f'href="/c/north/attention/?study={uid}"' in page.content.decode()
    reception = signed_in(make_member(north, "rosa", Role.RECEPTION)).get(LIST)
    assert "2 images refused" in row_of(reception, JOAO)
    assert "/c/north/attention/" not in reception.content.decode()


def test_persons_in_doubt_are_flagged(north: Clinic, alice: Client) -> None:
    factories.make_study(north.tenant, patient_name="Conceição^Joana", patient_id="A1")
    factories.make_study(north.tenant, patient_name="Ghost", patient_id="")
    with entry.enter(north.tenant):
        Study.objects.filter(patient_id="C3").update(has_mixed_patients=True)
    page = alice.get(LIST)
    assert "Another person has this ID" in row_of(page, JOAO)
    assert "Another person has this ID" in row_of(page, "Conceição, Joana")
    assert "No patient ID" in row_of(page, "Ghost")
    assert "Images of different patients" in row_of(page, KONRAD)
    assert [
        flag for flag in ("Another person", "No patient", "different") if flag in row_of(page, MARIE)
    ] == []


def test_a_person_whose_studies_are_all_in_the_bin_disputes_no_id(north: Clinic, alice: Client) -> None:
    factories.make_study(
        north.tenant, patient_name="Conceição^Joana", patient_id="A1", binned_at=timezone.now()
    )
    assert "Another person" not in row_of(alice.get(LIST), JOAO)


def test_a_picture_is_that_of_the_first_series_that_has_one(north: Clinic, alice: Client) -> None:
    with entry.enter(north.tenant):
        study = Study.objects.get(patient_id="A1")
    factories.make_series(study, modality="SR", series_number=1, series_uid="1.2.1")
    factories.make_series(study, modality="CT", series_number=3, series_uid="1.2.3")
    factories.make_series(study, modality="CT", series_number=2, series_uid="1.2.2")
    page = alice.get(f"{LIST}?q=joao").content.decode()
    assert re.findall(r'<img class="thumbnail" loading="lazy"[^>]* src="([^"]*)"', page) == [
        f"/c/north/dicom-web/studies/{study.study_uid}/series/1.2.2/thumbnail"
    ]


def test_the_list_asks_as_often_for_fifty_studies_as_for_three(north: Clinic, alice: Client) -> None:
    def queries() -> int:
        authentication.forget()  # otherwise a clinic is remembered for a second
        with CaptureQueriesContext(connection) as asked:
            page = alice.get(LIST)
        shown.append(len(names(page)))
        return len(asked)

    shown: list[int] = []
    queries()  # the clinic's keys are fetched once
    few = queries()
    for number in range(47):
        study = factories.make_study(
            north.tenant, patient_name=f"P{number}", patient_id="A1" if number % 2 else ""
        )
        factories.make_series(study)
    many = queries()
    assert shown == [3, 3, 50]
    assert many == few <= 18


def test_a_search_leaves_one_event_with_what_was_shown(north: Clinic, alice: Client) -> None:
    before = trail(north)
    alice.get(f"{LIST}?q=joao")
    assert trail(north)[len(before) :] == ["searched"]


def test_other_clinics_studies_are_not_listed(north: Clinic, other_clinic: Clinic, charlie: Client) -> None:
    assert charlie.get(LIST).status_code == 404
    assert names(charlie.get("/c/south/studies/")) == []


def test_what_is_in_the_bin_is_not_listed(north: Clinic, alice: Client) -> None:
    with entry.enter(north.tenant):
        Study.objects.filter(patient_id="A1").update(binned_at=timezone.now())
    assert names(alice.get(LIST)) == [MARIE, KONRAD]


def test_text_of_files_is_shown_as_text(clinic: Clinic, alice: Client) -> None:
    factories.make_study(
        clinic.tenant, patient_name="<script>x</script>^<b>", description="<img src=x onerror=y>"
    )
    page = alice.get(LIST).content.decode()
    assert "<script>x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("role", [Role.BILLING, Role.AUDITOR, Role.IT])
def test_who_sees_no_images_gets_no_list(north: Clinic, role: Role) -> None:
    before = trail(north)
    assert signed_in(make_member(north, "bill", role)).get(LIST).status_code == 403
    assert trail(north) == before
    with entry.enter(north.tenant):
        assert HeldFile.objects.count() == 0
