"""What must hold before the application serves anybody."""

from collections.abc import Sequence

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from tenants import entry
from tenants.crypto.providers import KeyProviderError
from tenants.models import guards
from tenants.scope import TenantModel

GLOBAL_BY_DESIGN = {
    "tenants.Tenant",
    "tenants.User",
    "tenants.Membership",
    "tenants.MembershipRole",
    "pacs.Outbox",
    "sessions.Session",
    "contenttypes.ContentType",
    "auth.Group",
    "auth.Permission",
    "auth.Group_permissions",
}
"""The models without a clinic of their own (DESIGN §3.5)."""


def register_all() -> None:
    """Register this app's checks; the database's run with `check --database default` and at `migrate`."""
    register(every_model_has_a_home, Tags.models)
    register(database_guards_hold, Tags.database)
    register(keys_are_ready, Tags.security, deploy=True)


def every_model_has_a_home(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Fail for a model that belongs to no clinic and is not on the global list."""
    return [
        Error(f"{model._meta.label} belongs to no clinic and is not global by design", id="tenants.E001")
        for model in apps.get_models(include_auto_created=True)
        if not issubclass(model, TenantModel) and model._meta.label not in GLOBAL_BY_DESIGN
    ]


def database_guards_hold(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: object
) -> list[CheckMessage]:
    """Fail when row security, composite keys or append-only triggers are missing from a migrated database."""
    if "default" not in (databases or ()):
        return []
    connection = connections["default"]
    if "tenants_tenant" not in connection.introspection.table_names():
        return []
    errors = [Error(sentence, id="tenants.E002") for sentence in guards.missing(connection)]
    hint = f"As a superuser of the database: {guards.LEAKPROOF_LIKE}"
    return [
        *errors,
        *(Warning(sentence, hint=hint, id="tenants.W001") for sentence in guards.slow(connection)),
    ]


def keys_are_ready(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Fail when the key provider cannot serve."""
    try:
        entry.key_provider().check()
    except KeyProviderError as error:
        return [Error(str(error), hint=settings.KEY_PROVIDER_URL.partition(":")[0], id="tenants.E003")]
    return []
