"""Keys for machines: shown once, stored as a hash, scoped to acts and to one clinic, ended at once."""

import base64
import hashlib

import pytest
from django.db import connection
from django.test import Client

from tenants import api_keys, entry
from tenants.models import ApiKey, AuditEvent
from tenants.permissions import SCOPE_PERMISSIONS, Permission, of_scopes, system_actor
from tests.conftest import NOW, Clinic

pytestmark = [pytest.mark.db, pytest.mark.urls("tests.tenants.doors")]

ACTOR = system_actor("tests")


@pytest.fixture
def door(clinic: Clinic) -> str:
    return f"{clinic.root}/test-machine"


def test_only_the_hash_of_a_secret_is_stored(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        key, secret = api_keys.issue(ACTOR, name="CT 1", scopes=["store"], now=NOW)
        assert secret.startswith("pacs_")
        assert len(secret) == len("pacs_") + 43
        stored = ApiKey.objects.get(pk=key.pk)
        assert bytes(stored.secret_sha256) == hashlib.sha256(secret.encode()).digest()
        with connection.cursor() as cursor:
            for table in ("tenants_apikey", "tenants_auditevent"):
                cursor.execute(f'SELECT * FROM "{table}"')
                assert secret[5:] not in repr(cursor.fetchall())


def test_a_key_is_found_by_its_secret_in_its_own_clinic_alone(clinic: Clinic, other_clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        found = api_keys.find(clinic.api_key, now=NOW)
        assert found is not None
        assert found.name == "modality"
        assert api_keys.find(clinic.api_key + "x", now=NOW) is None
        assert api_keys.find("", now=NOW) is None
        assert api_keys.find("\ud800", now=NOW) is None
    with entry.enter(other_clinic.tenant):
        assert api_keys.find(clinic.api_key, now=NOW) is None


def test_a_revoked_key_ends_at_once_and_once(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        key, secret = api_keys.issue(ACTOR, name="CT 1", scopes=["store"], now=NOW)
        assert api_keys.find(secret, now=NOW) == key
        api_keys.revoke(ACTOR, key, now=NOW)
        assert api_keys.find(secret, now=NOW) is None
        api_keys.revoke(ACTOR, key, now=NOW)
        assert AuditEvent.objects.filter(subtype="api-key-revoked", subject_id=str(key.pk)).count() == 1


@pytest.mark.parametrize("scopes", [[], ["admin"], ["store", "manage"]])
def test_unknown_scopes_are_refused(clinic: Clinic, scopes: list[str]) -> None:
    with entry.enter(clinic.tenant):
        with pytest.raises(api_keys.UnknownScope):
            api_keys.issue(ACTOR, name="CT 1", scopes=scopes, now=NOW)
        assert ApiKey.objects.count() == 1


def test_scopes_never_reach_people_keys_or_policy() -> None:
    assert of_scopes(SCOPE_PERMISSIONS) == {
        Permission.STUDY_STORE,
        Permission.STUDY_SEARCH,
        Permission.STUDY_READ,
        Permission.STUDY_DELETE,
    }
    assert of_scopes(["store", "unheard-of"]) == {Permission.STUDY_STORE}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "BASIC"])
def test_bearer_and_basic_open_the_same_door(clinic: Clinic, door: str, scheme: str) -> None:
    secret = clinic.api_key
    credentials = (
        secret if scheme.lower() == "bearer" else base64.b64encode(f"any:{secret}".encode()).decode()
    )
    assert Client(headers={"authorization": f"{scheme} {credentials}"}).get(door).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic",
        "Basic !!!",
        "Basic eA==",
        "Basic /w==",
        "Digest x",
        "Bearer \x00",
    ],
)
def test_bad_credentials_are_refused(clinic: Clinic, door: str, authorization: str) -> None:
    answer = Client(headers={"authorization": authorization}).get(door)
    assert (answer.status_code, answer["WWW-Authenticate"][:6]) == (401, "Bearer")


def test_a_bad_key_is_not_saved_by_a_session(alice: Client, clinic: Clinic, door: str) -> None:
    assert alice.get(door).status_code == 200
    assert alice.get(door, headers={"authorization": "Bearer x"}).status_code == 401
