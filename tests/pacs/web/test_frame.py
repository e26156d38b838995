"""The frame around each page: where a person may go, what waits, and that nothing else is told."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.utils import timezone

from pacs.models import HeldFile
from tenants import entry
from tenants.models import Role
from tests.conftest import Clinic, make_member, signed_in

pytestmark = pytest.mark.urls("tests.pacs.web.frame_urls")


def hold(clinic: Clinic, number: int, state: str = "waiting") -> None:
    now = timezone.now()
    with entry.enter(clinic.tenant):
        HeldFile.objects.create(
            reason="conflict",
            sender_kind="api-key",
            sender_name="CT 1",
            plain_size=1,
            plain_sha256=bytes([number]) * 32,
            state=state,
            created_at=now,
            last_arrived_at=now,
        )


def entries(page: str) -> list[str]:
    """Return the labels of the navigation; the current one bears a star."""
    links = re.findall(r'<a class="nav-link[^>]*?( aria-current="page")?>\s*(.*?)\s*[<\n]', page)
    return [f"{label}{'*' if current else ''}" for current, label in links]


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (Role.OWNER, ["Studies*", "Upload", "Needs attention", "Bin"]),
        (Role.TECHNICIAN, ["Studies*", "Upload", "Needs attention"]),
        (Role.RECEPTION, ["Studies*", "Upload"]),
        (Role.RESEARCHER, ["Studies*"]),
    ],
)
def test_people_see_the_places_that_they_may_open(clinic: Clinic, role: Role, labels: list[str]) -> None:
    member = signed_in(make_member(clinic, "bob", role))
    assert entries(member.get("/c/north/studies/").content.decode()) == labels


def test_what_waits_for_a_decision_is_counted(clinic: Clinic, other_clinic: Clinic, alice: Client) -> None:
    assert "data-waiting-count" not in alice.get("/c/north/studies/").content.decode()
    for number in (1, 2):
        hold(clinic, number)
    hold(clinic, 3, state="discarded")
    hold(other_clinic, 4)
    assert "data-waiting-count>2</span>" in alice.get("/c/north/studies/").content.decode()


def test_nobody_pays_for_a_count_that_they_do_not_see(
    clinic: Clinic, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    reader = signed_in(make_member(clinic, "bob", Role.RESEARCHER))
    with django_assert_num_queries(5):  # session, user, clinic, membership, roles
        reader.get("/c/north/studies/")


def test_another_language_is_one_press_away(clinic: Clinic, alice: Client) -> None:
    answer = alice.post("/language/", {"language": "pt-br", "next": "/c/north/studies/"})
    assert (answer.status_code, answer["Location"]) == (302, "/c/north/studies/")
    page = alice.get("/c/north/studies/").content.decode()
    assert '<html lang="pt-br"' in page
    assert entries(page) == ["Estudos*", "Enviar", "Requer atenção", "Lixeira"]


def test_choosing_a_language_never_leads_to_another_site(clinic: Clinic, alice: Client) -> None:
    answer = alice.post("/language/", {"language": "pt-br", "next": "https://evil.test/"})
    assert answer["Location"] == "/"


def test_names_are_escaped(clinic: Clinic) -> None:
    member = make_member(clinic, "bob", Role.OWNER)
    member.name = "<script>alert(1)</script>"
    member.save()
    page = signed_in(member).get("/c/north/studies/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_person_of_two_clinics_sees_each_clinics_own_name(clinic: Clinic, alice: Client) -> None:
    page = alice.get("/c/north/studies/").content.decode()
    assert '<span class="app-name">North</span>' in page
    outside = alice.get("/login/done/").content.decode()
    assert '<span class="app-name">Cloud PACS</span>' in outside
    assert entries(outside) == []


def test_pages_of_a_clinic_are_kept_by_no_cache_that_others_share(alice: Client) -> None:
    assert "Cookie" in alice.get("/c/north/studies/")["Vary"]
