"""Makes the suite's database as production has it: an owner migrates, the application is under row security."""

import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from tests import settings

ROLES = {
    "cloud_pacs_owner": "LOGIN BYPASSRLS CREATEDB PASSWORD 'owner'",
    "cloud_pacs_app": "LOGIN PASSWORD 'app'",
}


def create() -> None:
    """Create and migrate the database."""
    if settings.USES_POSTGRESQL:
        with psycopg.connect(settings.TEST_POSTGRES_URL, autocommit=True) as server:
            _create_roles(server)
            name = sql.Identifier(settings.TEST_DATABASE_NAME)
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            server.execute(sql.SQL("CREATE DATABASE {} OWNER cloud_pacs_owner").format(name))
    call_command("migrate", database=settings.MIGRATION_DATABASE, verbosity=0, interactive=False)
    if settings.USES_POSTGRESQL:
        _as_superuser(
            [
                "ALTER FUNCTION textlike(text, text) LEAKPROOF",
                "ALTER FUNCTION texticlike(text, text) LEAKPROOF",
            ]
        )


def drop() -> None:
    """Remove the database."""
    for connection in connections.all():
        connection.close()
    if settings.USES_POSTGRESQL:
        with psycopg.connect(settings.TEST_POSTGRES_URL, autocommit=True) as server:
            name = sql.Identifier(settings.TEST_DATABASE_NAME)
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def empty() -> None:
    """Remove every row, as the owner; for tests whose transactions are real."""
    tables = [
        model._meta.db_table for model in apps.get_models() if model._meta.label != "contenttypes.ContentType"
    ]
    connection = connections[settings.MIGRATION_DATABASE]
    with connection.cursor() as cursor:
        if settings.USES_POSTGRESQL:
            names = ", ".join(f'"{table}"' for table in tables)
            cursor.execute(f"TRUNCATE {names} CASCADE")
        else:
            _empty_sqlite(cursor, tables)


def _empty_sqlite(cursor: object, tables: list[str]) -> None:
    from tenants.models import guards  # noqa: PLC0415  (needs the app registry)

    connection = connections["default"]
    with connection.constraint_checks_disabled(), connection.cursor() as run:
        run.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in run.fetchall():
            run.execute(f'DROP TRIGGER "{name}"')
        for table in tables:
            run.execute(f'DELETE FROM "{table}"')
    guards.install_after_migrate(using="default")


def _create_roles(server: psycopg.Connection) -> None:
    for role, rights in ROLES.items():
        server.execute("SELECT pg_advisory_lock(20261122)")
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            server.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(rights)))
        server.execute("SELECT pg_advisory_unlock(20261122)")


def _as_superuser(statements: list[str]) -> None:
    base = settings.TEST_POSTGRES_URL.rpartition("/")[0]
    with psycopg.connect(f"{base}/{settings.TEST_DATABASE_NAME}", autocommit=True) as server:
        for statement in statements:
            server.execute(statement)
