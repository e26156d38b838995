"""The cast: alice owns the clinic, bob works there, charlie owns another; a modality has a key; nobody has nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from pacs.retrieve import reading
from tenants import api_keys, authentication, entry, signup
from tenants.models import Role, Tenant, User
from tenants.permissions import system_actor
from tests import database

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError("in CI the public data must stand beside the checkout")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="needs the public data beside the checkout"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        database.create()
        yield
        database.drop()


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real transactions on the real database, emptied afterwards by its owner."""
    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
        database.empty()
        entry.forget_keys()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What a process remembers for a second would outlive a test's rows."""
    authentication.forget()
    api_keys.forget()


@pytest.fixture(autouse=True)
def reads_wait(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts of reads stay in memory until a test flushes them: no thread writes beside a test."""
    monkeypatch.setattr(reading, "FLUSH_SECONDS", 3600.0)
    yield
    reading.forget()


@dataclass(frozen=True)
class Clinic:
    """A clinic with its owner and a key that may do everything a key may."""

    tenant: Tenant
    owner: User
    api_key: str

    @property
    def root(self) -> str:
        """The path under which everything of the clinic lies."""
        return f"/c/{self.tenant.slug}"


def make_clinic(slug: str, owner: str) -> Clinic:
    """Create a clinic as the sign-up does."""
    actor = system_actor("tests")
    signup.ensure_provider(actor, now=NOW)
    tenant = signup.create_tenant(actor, name=slug.title(), slug=slug, now=NOW)
    user = User.objects.create_user(email=f"{owner}@{slug}.test", password=PASSWORD, name=owner.title())
    signup.add_member(tenant, user, [Role.OWNER], now=NOW)
    with entry.enter(tenant):
        _, key = api_keys.issue(actor, name="modality", scopes=["store", "query", "read", "delete"], now=NOW)
    return Clinic(tenant, user, key)


def make_member(clinic: Clinic, name: str, *roles: str) -> User:
    """Create a person with these roles in the clinic."""
    user = User.objects.create_user(email=f"{name}@{clinic.tenant.slug}.test", password=PASSWORD, name=name)
    signup.add_member(clinic.tenant, user, roles, now=NOW)
    return user


def signed_in(user: User) -> Client:
    """Return a browser in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def with_key(key: str) -> Client:
    """Return a machine that sends the key."""
    return Client(headers={"authorization": f"Bearer {key}"})


PASSWORD = "correct horse battery staple"


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic("north", "alice")


@pytest.fixture
def other_clinic(db: None) -> Clinic:
    return make_clinic("south", "charlie")


@pytest.fixture
def alice(clinic: Clinic) -> Client:
    return signed_in(clinic.owner)


@pytest.fixture
def charlie(other_clinic: Clinic) -> Client:
    return signed_in(other_clinic.owner)


@pytest.fixture
def modality(clinic: Clinic) -> Client:
    return with_key(clinic.api_key)


@pytest.fixture
def nobody() -> Client:
    return Client()
