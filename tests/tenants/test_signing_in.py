"""Signing in and out, through the pages."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client, override_settings

from deploy import settings as product
from tenants import entry
from tenants.models import PROVIDER_ID, AuditEvent, Membership, User
from tests.conftest import NOW, PASSWORD, Clinic, make_clinic

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.db

EMAIL = "alice@north.test"
with_the_products_hasher = override_settings(PASSWORD_HASHERS=product.PASSWORD_HASHERS)


def sign_in(client: Client, email: str = EMAIL, password: str = PASSWORD, query: str = "") -> "Answer":
    return client.post(f"/login/{query}", {"email": email, "password": password})


def signs() -> list[tuple[str, int, str]]:
    """Return what the provider's chain says of people coming and going."""
    with entry.enter(PROVIDER_ID):
        rows = AuditEvent.objects.filter(subject_kind="user").order_by("seq")
        events = [json.loads(bytes(row.canonical)) for row in rows]
    return [(event["subtype"], event["outcome"], event["actor"]["id"]) for event in events]


def test_the_right_password_opens_a_session(clinic: Clinic, nobody: Client) -> None:
    answer = sign_in(nobody)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert signs() == [("signed-in", 0, str(clinic.owner.pk))]
    cookie = nobody.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 12 * 3600)


@pytest.mark.parametrize("email", [EMAIL.upper(), f" {EMAIL} "])
def test_the_case_of_an_address_does_not_matter(clinic: Clinic, nobody: Client, email: str) -> None:
    assert sign_in(nobody, email).status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "not-it-at-all"),
        (EMAIL, f" {PASSWORD}"),
        ("unknown@north.test", PASSWORD),
        (EMAIL, PASSWORD.upper()),
    ],
)
def test_a_wrong_password_and_an_unknown_address_look_alike(
    clinic: Clinic, nobody: Client, email: str, password: str
) -> None:
    answer = sign_in(nobody, email, password)
    assert answer.status_code == 400
    assert "The e-mail address or the password is wrong." in answer.content.decode()
    assert password not in answer.content.decode()
    assert "sessionid" not in nobody.cookies
    assert signs() == [("sign-in-failed", 4, "")]
    assert sign_in(nobody).status_code == 302


def test_a_person_who_left_cannot_sign_in(clinic: Clinic, nobody: Client) -> None:
    User.objects.update(is_active=False)
    assert sign_in(nobody).status_code == 400
    assert Session.objects.count() == 0


@with_the_products_hasher
def test_passwords_are_hashed_with_argon2id(db: None) -> None:
    user = User.objects.create_user(email="eve@east.test", password=PASSWORD, name="Eve")
    assert user.password.startswith("argon2$argon2id$")
    assert identify_hasher(user.password).algorithm == "argon2"


@with_the_products_hasher
def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_password(
    nobody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with override_settings(PASSWORD_HASHERS=product.PASSWORD_HASHERS):
        make_clinic("north", "alice")
    hashed: list[str] = []

    def counting(name: str) -> Callable[..., object]:
        original = getattr(Argon2PasswordHasher, name)

        def counted(*args: object, **kwargs: object) -> object:
            hashed.append(name)
            return original(*args, **kwargs)

        return counted

    for name in ("encode", "verify"):
        monkeypatch.setattr(Argon2PasswordHasher, name, counting(name))
    assert sign_in(nobody, EMAIL, "wrong").status_code == 400
    assert sign_in(nobody, "unknown@north.test", "wrong").status_code == 400
    assert hashed == ["verify", "encode"]


def test_each_sign_in_has_a_session_key_of_its_own(clinic: Clinic, nobody: Client) -> None:
    keys = []
    for _ in range(2):
        sign_in(nobody)
        keys.append(nobody.cookies["sessionid"].value)
    assert keys[0] != keys[1]
    assert list(Session.objects.values_list("session_key", flat=True)) == [keys[1]]


def test_a_planted_session_key_is_not_taken_over(clinic: Clinic, nobody: Client) -> None:
    nobody.cookies["sessionid"] = "a" * 32
    sign_in(nobody)
    assert nobody.cookies["sessionid"].value != "a" * 32


def test_signing_out_ends_the_session_on_the_server(clinic: Clinic, nobody: Client) -> None:
    sign_in(nobody)
    stolen = nobody.cookies["sessionid"].value
    answer = nobody.post("/logout/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert Session.objects.count() == 0
    nobody.cookies["sessionid"] = stolen
    assert nobody.get("/")["Location"] == "/login/?next=/"
    assert [sign[0] for sign in signs()] == ["signed-in", "signed-out"]


def test_signing_out_takes_a_post_with_a_token(clinic: Clinic) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clinic.owner)
    assert strict.get("/logout/").status_code == 405
    assert strict.post("/logout/").status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get("/login/").content.decode())
    assert token is not None
    assert strict.post("/logout/", {"csrfmiddlewaretoken": token[1]}).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "http:evil.test",
        "javascript:alert(1)",
        " //evil.test",
        "https:///evil.test",
        "\thttps://evil.test",
    ],
)
def test_the_way_on_never_leads_to_another_site(clinic: Clinic, nobody: Client, target: str) -> None:
    answer = nobody.post("/login/", {"email": EMAIL, "password": PASSWORD}, query_params={"next": target})
    assert answer["Location"] == "/"


def test_the_way_on_leads_to_where_the_person_was(clinic: Clinic, nobody: Client) -> None:
    there = "/c/north/viewer?StudyInstanceUIDs=1.2"
    answer = nobody.post("/login/", {"email": EMAIL, "password": PASSWORD}, query_params={"next": there})
    assert answer["Location"] == there


def test_a_window_for_signing_in_again_closes_itself(clinic: Clinic, nobody: Client) -> None:
    assert sign_in(nobody, query="?popup")["Location"] == "/login/done/"
    page = nobody.get("/login/done/").content.decode()
    assert "/static/pacs/signed_in.js" in page


def test_sign_in_is_never_kept_by_caches(nobody: Client, db: None) -> None:
    assert "no-store" in nobody.get("/login/")["Cache-Control"]


def test_a_changed_password_ends_other_sessions(clinic: Clinic, nobody: Client) -> None:
    sign_in(nobody)
    clinic.owner.set_password("another long password")
    clinic.owner.save()
    assert nobody.get("/").status_code == 302
    assert nobody.get("/")["Location"].startswith("/login/")


def test_the_home_page_lets_people_of_several_clinics_choose(
    clinic: Clinic, other_clinic: Clinic, alice: Client
) -> None:
    Membership.objects.create(tenant=other_clinic.tenant, user=clinic.owner, created_at=NOW)
    page = alice.get("/").content.decode()
    assert page.index("North") < page.index("South")


def test_the_home_page_of_a_person_without_a_clinic_says_what_to_do(clinic: Clinic, alice: Client) -> None:
    Membership.objects.filter(user=clinic.owner).update(ends_at=NOW)
    assert "Ask an owner or administrator" in alice.get("/").content.decode()


def test_sessions_are_signed_and_short(clinic: Clinic, nobody: Client) -> None:
    sign_in(nobody)
    session = Session.objects.get()
    assert EMAIL not in str(signing.loads(session.session_data, salt="django.contrib.sessions.SessionStore"))
    assert settings.SESSION_COOKIE_AGE == 12 * 3600
