"""What each door answers: 401 to strangers, 404 for what is not theirs, 403 where they lack the right."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from tenants import api_keys, entry
from tenants.models import Membership, Role, User
from tenants.permissions import system_actor
from tests.conftest import NOW, Clinic, make_clinic, make_member, signed_in, with_key

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = [pytest.mark.db, pytest.mark.urls("tests.tenants.doors")]

HTML = {"Accept": "text/html"}


def shown(answer: "Answer") -> tuple[int, bytes, dict[str, str]]:
    """Return all that a visitor sees of an answer."""
    return answer.status_code, answer.content, dict(answer.headers)


@pytest.mark.parametrize("slug", ["north", "absent"])
@pytest.mark.parametrize("key", [None, "pacs_unknown"])
def test_a_machine_without_credentials_learns_nothing(clinic: Clinic, slug: str, key: str | None) -> None:
    stranger = Client() if key is None else with_key(key)
    answer = stranger.get(f"/c/{slug}/test-machine")
    assert (answer.status_code, answer.content) == (401, b"Sign in, or send an API key.\n")
    assert shown(answer) == shown(stranger.get("/c/another/test-machine"))


def test_a_key_of_another_clinic_is_as_bad_as_none(clinic: Clinic, other_clinic: Clinic) -> None:
    foreign = with_key(other_clinic.api_key)
    assert foreign.get("/c/south/test-machine").status_code == 200
    assert shown(foreign.get("/c/north/test-machine")) == shown(foreign.get("/c/absent/test-machine"))
    assert foreign.get("/c/north/test-machine").status_code == 401


@pytest.mark.parametrize("slug", ["north", "absent"])
def test_a_person_who_is_not_signed_in_is_led_to_the_sign_in(
    clinic: Clinic, nobody: Client, slug: str
) -> None:
    answer = nobody.get(f"/c/{slug}/test-page?x=1")
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next=/c/{slug}/test-page%3Fx%3D1")


@pytest.mark.parametrize("route", ["test-machine", "test-page", "test-any-member"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_another_clinic_and_an_absent_one_look_alike(
    clinic: Clinic, charlie: Client, route: str, accept: str
) -> None:
    foreign = charlie.get(f"/c/north/{route}", headers={"Accept": accept})
    absent = charlie.get(f"/c/absnt/{route}", headers={"Accept": accept})
    unrouted = charlie.get(f"/c/absnt/nothing-{route}", headers={"Accept": accept})
    assert foreign.status_code == 404
    assert b"north" not in foreign.content.replace(f"/c/north/{route}".encode(), b"")
    assert _without_forms(foreign, route) == _without_forms(absent, route)
    assert _without_forms(foreign, route)[:2] == _without_forms(unrouted, route)[:2]


def _without_forms(answer: "Answer", route: str) -> tuple[int, str, dict[str, str]]:
    """Return what is shown, apart from the address that was asked for and the answer's own token."""
    text = answer.content.decode()
    for place in (f"/c/north/{route}", f"/c/absnt/{route}", f"/c/absnt/nothing-{route}"):
        text = text.replace(f'value="{place}"', "")
    token = answer.context["csrf_token"] if answer.context else None
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    return answer.status_code, text.replace(str(token), "") if token else text, headers


def test_the_owner_comes_in_with_name_and_clinic(clinic: Clinic, alice: Client) -> None:
    assert alice.get("/c/north/test-page").content == b"north member Alice"
    assert alice.get("/c/north/test-machine").content == b"north member Alice"
    assert with_key(clinic.api_key).get("/c/north/test-machine").content == b"north api-key modality"


def test_a_member_without_the_right_is_told_whom_to_ask(clinic: Clinic) -> None:
    clerk = signed_in(make_member(clinic, "bob", Role.BILLING))
    answer = clerk.get("/c/north/test-page", headers=HTML)
    assert answer.status_code == 403
    text = answer.content.decode()
    named = [
        role for role in ("Owner", "Administrator", "Radiologist", "Technician") if f"<li>{role}</li>" in text
    ]
    assert named == ["Owner", "Administrator", "Radiologist", "Technician"]
    assert "<li>Auditor</li>" not in text
    assert clerk.get("/c/north/test-any-member").content == b"north"


def test_a_machine_without_the_right_is_told_which(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        _, key = api_keys.issue(system_actor("tests"), name="CT", scopes=["store"], now=NOW)
    answer = with_key(key).get("/c/north/test-machine")
    assert (answer.status_code, answer.content) == (403, b"This needs the right study.search.\n")


def test_a_revoked_key_is_refused_at_the_next_request(clinic: Clinic, modality: Client) -> None:
    assert modality.get("/c/north/test-machine").status_code == 200
    with entry.enter(clinic.tenant):
        found = api_keys.find(clinic.api_key, now=NOW)
        assert found is not None
        api_keys.revoke(system_actor("tests"), found, now=NOW)
    assert modality.get("/c/north/test-machine").status_code == 401


def test_pages_take_no_keys(clinic: Clinic, modality: Client) -> None:
    assert modality.get("/c/north/test-page").status_code == 302


@pytest.mark.parametrize("loss", ["membership ends", "roles", "person is inactive"])
def test_a_person_who_lost_access_is_out_at_the_next_request(
    clinic: Clinic, alice: Client, loss: str
) -> None:
    assert alice.get("/c/north/test-page").status_code == 200
    membership = Membership.objects.get(user=clinic.owner)
    if loss == "membership ends":
        Membership.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    elif loss == "roles":
        membership.roles.all().delete()
    else:
        User.objects.update(is_active=False)
    expected = {"membership ends": 404, "roles": 403, "person is inactive": 302}[loss]
    assert alice.get("/c/north/test-page").status_code == expected


def test_the_provider_is_no_clinic(clinic: Clinic, alice: Client) -> None:
    for slug in (str(uuid.UUID(int=0)), "provider", "None"):
        assert alice.get(f"/c/{slug}/test-page").status_code == 404


SAME, OTHER = "http://testserver", "https://evil.test"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": SAME}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": SAME, "Sec-Fetch-Site": "cross-site"}, 200),
        ({}, 403),
        ({"Origin": OTHER}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://testserver"}, 403),
        ({"Origin": "http://testserver:81"}, 403),
        ({"Origin": "http://testserver.evil.test"}, 403),
        ({"Origin": "http://evil.test@testserver"}, 403),
        ({"Origin": OTHER, "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_cookie_changes_something_from_the_same_origin_alone(
    alice: Client, headers: dict[str, str], status: int, method: str
) -> None:
    assert getattr(alice, method)("/c/north/test-machine", headers=headers).status_code == status


def test_a_key_needs_no_origin(modality: Client) -> None:
    assert modality.post("/c/north/test-machine").status_code == 200
    assert modality.post("/c/north/test-machine", headers={"Origin": OTHER}).status_code == 200


def test_pages_are_guarded_by_the_token(clinic: Clinic) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clinic.owner)
    assert strict.post("/c/north/test-page").status_code == 403
    assert strict.post("/c/north/test-machine", headers={"Origin": SAME}).status_code == 200


def test_a_route_without_a_door_does_not_run(nobody: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match="unguarded has no door"):
        nobody.get("/test-unguarded")


def test_an_unknown_error_is_a_plain_500_with_an_id(clinic: Clinic) -> None:
    calm = Client(raise_request_exception=False)
    answer = calm.get("/test-unguarded")
    assert answer.status_code == 500
    assert answer.content.startswith(b"Something went wrong on our side. Error id: ")
    assert b"unguarded" not in answer.content


def test_the_page_of_an_unknown_error_asks_the_database_nothing(
    alice: Client, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    alice.raise_request_exception = False
    with django_assert_num_queries(0):
        page = alice.get("/test-unguarded", headers=HTML)
    assert page.status_code == 500
    assert "Error id: " in page.content.decode()


def test_a_persons_own_pages_need_a_person(nobody: Client, alice: Client) -> None:
    assert nobody.get("/test-person")["Location"] == "/login/?next=/test-person"
    assert alice.get("/test-person").content == b"a person"
    assert nobody.get("/test-anybody").content == b"anybody"


def test_one_person_may_work_in_two_clinics_with_different_rights(clinic: Clinic, alice: Client) -> None:
    second = make_clinic("east", "erin")
    with entry.enter(second.tenant):
        Membership.objects.create(tenant=second.tenant, user=clinic.owner, created_at=NOW)
    assert alice.get("/c/north/test-page").status_code == 200
    assert alice.get("/c/east/test-page").status_code == 403
