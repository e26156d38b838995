"""The checks that stop a start: each fails when the thing it watches is broken, and only then."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.db import connections
from django.db.backends.utils import CursorWrapper

from tenants import checks, entry, signup
from tenants.crypto.providers import LocalKeyProvider
from tenants.models import guards
from tenants.permissions import system_actor
from tenants.scope import TenantModel
from tests.conftest import NOW
from tests.settings import MIGRATION_DATABASE, USES_POSTGRESQL

pytestmark = [pytest.mark.db, pytest.mark.usefixtures("committed")]

ROOT = Path(__file__).resolve().parents[2]
UNSECURED = "table pacs_study has no row security"
UNGUARDED = "trigger append_only of tenants_auditevent is missing"
ON_POSTGRESQL = [
    ("DROP POLICY tenant_only ON pacs_study", UNSECURED),
    ("ALTER TABLE pacs_study DISABLE ROW LEVEL SECURITY", UNSECURED),
    ("ALTER TABLE pacs_study NO FORCE ROW LEVEL SECURITY", UNSECURED),
    ("CREATE POLICY open ON pacs_study USING (true)", UNSECURED),
    ("ALTER POLICY tenant_only ON pacs_study USING (true) WITH CHECK (true)", UNSECURED),
    ("DROP TRIGGER append_only ON tenants_auditevent", UNGUARDED),
    ("ALTER TABLE tenants_auditevent DISABLE TRIGGER append_only", UNGUARDED),
    (
        "GRANT UPDATE ON tenants_auditevent TO cloud_pacs_app",
        "table tenants_auditevent can be changed by the application's role",
    ),
    (
        "ALTER TABLE pacs_series DROP CONSTRAINT pacs_series_study_id_tenant",
        "foreign key pacs_series_study_id_tenant is missing",
    ),
]
ON_SQLITE = [
    (f"DROP TRIGGER {name}", f"trigger {name} is missing")
    for name in (
        "tenants_auditevent_no_update",
        "tenants_auditevent_no_delete",
        "pacs_series_study_id_tenant_insert",
    )
]
DAMAGES = ON_POSTGRESQL if USES_POSTGRESQL else ON_SQLITE


@pytest.fixture
def owner() -> Iterator[CursorWrapper]:
    """The role that may break things; they are mended afterwards."""
    with connections[MIGRATION_DATABASE].cursor() as cursor:
        yield cursor
        if USES_POSTGRESQL:
            cursor.execute("DROP POLICY IF EXISTS open ON pacs_study")
    guards.install_after_migrate(using=MIGRATION_DATABASE)


def failures(id: str) -> list[str]:
    messages = run_checks(databases=["default"], include_deployment_checks=True)
    return [message.msg for message in messages if message.id == id]


def test_a_sound_installation_passes() -> None:
    signup.ensure_provider(system_actor("tests"), now=NOW)
    assert [failures(f"tenants.E00{number}") for number in (1, 2, 3)] == [[], [], []]


def test_a_model_without_a_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "GLOBAL_BY_DESIGN", checks.GLOBAL_BY_DESIGN - {"pacs.Outbox"})
    assert failures("tenants.E001") == ["pacs.Outbox belongs to no clinic and is not global by design"]


def test_a_table_that_joins_many_to_many_needs_a_home_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "GLOBAL_BY_DESIGN", checks.GLOBAL_BY_DESIGN - {"auth.Group_permissions"})
    assert failures("tenants.E001") == [
        "auth.Group_permissions belongs to no clinic and is not global by design"
    ]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES)
def test_a_missing_guard_is_named(owner: CursorWrapper, damage: str, sentence: str) -> None:
    assert failures("tenants.E002") == []
    owner.execute(damage)
    assert failures("tenants.E002") == [sentence]


@pytest.mark.parametrize("damage", ["missing", "readable by others", "too short"])
def test_an_unusable_key_of_the_provider_is_refused(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KEY_PROVIDER_URL", f"local://{tmp_path}/keys")
    assert len(failures("tenants.E003")) == 1
    LocalKeyProvider(tmp_path / "keys").create_root(UUID(int=0))
    assert failures("tenants.E003") == []
    root = tmp_path / "keys" / f"{UUID(int=0)}.key"
    if damage == "missing":
        root.unlink()
    elif damage == "too short":
        root.write_bytes(bytes(31))
    else:
        root.chmod(0o640)
    assert len(failures("tenants.E003")) == 1
    entry.forget_keys()


WEB = [sys.executable, "-c", "import deploy.wsgi"]
WORKER = [sys.executable, "-c", "from deploy.celery import app; app.Worker(pool='solo')"]


@pytest.mark.parametrize("start", [WEB, WORKER], ids=["web", "worker"])
def test_nothing_starts_without_the_root_key(tmp_path: Path, start: list[str]) -> None:
    """A process of its own, on an empty SQLite: nothing is migrated, no key was made."""
    left_out = {"DATABASE_OWNER_URL", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/db",
        "BROKER_URL": "memory://",
    }
    environment["DJANGO_SETTINGS_MODULE"] = "deploy.settings"
    refused = subprocess.run(start, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "tenants.E003" in refused.stderr
    LocalKeyProvider(tmp_path / "keys").create_root(UUID(int=0))
    started = subprocess.run(start, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert started.returncode == 0
    assert "tenants.E" not in started.stderr


def test_the_guards_cover_every_table_of_clinics() -> None:
    found = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}
    assert set(guards.tenant_tables()) == found
    keys = {(key.table, key.column) for key in guards.composite_keys()}
    assert {("pacs_series", "study_id"), ("pacs_instance", "blob_id"), ("pacs_study", "person_id")} <= keys
    assert all(len(key.name) <= 63 for key in guards.composite_keys())
    assert len({key.name for key in guards.composite_keys()}) == len(keys)
