"""What the database itself enforces about clinics: installed after each migration, checked at each start.

Altering a table in a SQLite migration drops its triggers silently, and foreign keys cannot be added there
later; so everything here is re-installed after every migration and never lives in one.
PostgreSQL: row security with FORCE, composite foreign keys, append-only audit (rights and trigger).
SQLite: triggers for the last two (`recursive_triggers` is switched on for each connection in the settings).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from tenants.scope import TenantModel

LEAKPROOF_LIKE = "ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF"
"""LIKE tells nothing of what it compares, yet PostgreSQL does not say so: without this, no index serves a pattern."""
APPEND_ONLY = ("tenants_auditevent",)
_POLICY = "tenant_id = nullif((SELECT current_setting('app.tenant', true)), '')::uuid"


@dataclass(frozen=True)
class CompositeKey:
    """A foreign key between two tables of clinics, widened by the clinic."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        """The constraint's name, at most 63 characters as PostgreSQL allows."""
        return f"{self.table}_{self.column}"[:55] + "_tenant"


def tenant_tables() -> list[str]:
    """Return every table whose rows belong to a clinic."""
    return sorted(model._meta.db_table for model in _tenant_models())


def composite_keys() -> list[CompositeKey]:
    """Return every foreign key from one clinic-owned table to another."""
    found = [
        CompositeKey(model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in _tenant_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and issubclass(field.related_model, TenantModel)
    ]
    return sorted(found, key=lambda key: key.name)


def install_after_migrate(using: str, **_: object) -> None:
    """Install every rule; runs after each app's migrations, so tables of later apps may be missing yet."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _install_postgresql(connection, cursor)
        else:
            existing = _existing(connection, cursor)
            for table, name, body in _sqlite_triggers():
                if table in existing:
                    cursor.execute(f'CREATE TRIGGER IF NOT EXISTS "{name}" {body}')


def _install_postgresql(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    existing = _existing(connection, cursor)
    app_role = settings.DATABASES["default"]["USER"]
    role = connection.ops.quote_name(app_role)
    for table in sorted(existing):
        cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {role}')
    cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    for table in [name for name in tenant_tables() if name in existing]:
        _enable_row_security(cursor, table)
    for key in [key for key in composite_keys() if key.table in existing and key.target in existing]:
        _add_composite_key(cursor, key)
    for table in [name for name in APPEND_ONLY if name in existing]:
        _make_append_only(cursor, table, role)
    _make_like_leakproof(cursor)


def _make_like_leakproof(cursor: CursorWrapper) -> None:
    """Let indexes serve LIKE below row security. A superuser alone may; where the owner is none, see `slow`."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        cursor.execute(LEAKPROOF_LIKE)


def _enable_row_security(cursor: CursorWrapper, table: str) -> None:
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    cursor.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    cursor.execute(f'DROP POLICY IF EXISTS tenant_only ON "{table}"')
    cursor.execute(f'CREATE POLICY tenant_only ON "{table}" USING ({_POLICY}) WITH CHECK ({_POLICY})')


def _add_composite_key(cursor: CursorWrapper, key: CompositeKey) -> None:
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [key.name])
    if cursor.fetchone():
        return
    unique = f"{key.target}_tenant_pk"[:63]
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [unique])
    if not cursor.fetchone():
        cursor.execute(f'ALTER TABLE "{key.target}" ADD CONSTRAINT "{unique}" UNIQUE (tenant_id, id)')
    cursor.execute(
        f'ALTER TABLE "{key.table}" ADD CONSTRAINT "{key.name}" FOREIGN KEY (tenant_id, "{key.column}") '
        f'REFERENCES "{key.target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
    )


def _make_append_only(cursor: CursorWrapper, table: str, role: str) -> None:
    cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {role}')
    cursor.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only table'; END $$"
    )
    cursor.execute(f'DROP TRIGGER IF EXISTS append_only ON "{table}"')
    cursor.execute(
        f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _sqlite_triggers() -> Iterator[tuple[str, str, str]]:
    """Yield table, name and statement of each trigger."""
    for table in APPEND_ONLY:
        for act in ("update", "delete"):
            yield (
                table,
                f"{table}_no_{act}",
                f"BEFORE {act} ON \"{table}\" BEGIN SELECT RAISE(ABORT, 'append-only table'); END",
            )
    for key in composite_keys():
        for act in ("insert", "update"):
            held = f'SELECT 1 FROM "{key.target}" WHERE id = NEW."{key.column}" AND tenant_id = NEW.tenant_id'  # noqa: S608
            yield (
                key.table,
                f"{key.name}_{act}",
                f'BEFORE {act} ON "{key.table}" WHEN NEW."{key.column}" IS NOT NULL AND NOT EXISTS ({held}) '
                f"BEGIN SELECT RAISE(ABORT, '{key.name}'); END",
            )


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for every rule that the database does not hold; empty when all is well."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return list(_missing_postgresql(cursor))
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        present = {row[0] for row in cursor.fetchall()}
        return [f"trigger {name} is missing" for _, name, _ in _sqlite_triggers() if name not in present]


def slow(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for what makes searches slow and yet is safe."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proleakproof FROM pg_proc WHERE oid = 'pg_catalog.textlike(text, text)'::regprocedure"
        )
        return [] if cursor.fetchone()[0] else ["searches with wildcards cannot use an index"]


def _missing_postgresql(cursor: CursorWrapper) -> Iterator[str]:
    cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    is_super, bypasses = cursor.fetchone()
    if is_super or bypasses:
        yield "the application's role is a superuser or bypasses row security"
    cursor.execute(
        "SELECT relname, relrowsecurity AND relforcerowsecurity, pg_get_userbyid(relowner) = current_user, "
        "has_table_privilege(current_user, oid, 'UPDATE, DELETE, TRUNCATE') "
        "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    tables = {name: (secured, owned, writable) for name, secured, owned, writable in cursor.fetchall()}
    policies = _sound_policies(cursor)
    for table in tenant_tables():
        secured, owned, writable = tables.get(table, (False, False, False))
        if not secured or table not in policies:
            yield f"table {table} has no row security"
        if owned:
            yield f"table {table} is owned by the application's role"
        if writable and table in APPEND_ONLY:
            yield f"table {table} can be changed by the application's role"
    cursor.execute(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled = 'O'"
    )
    guarded = {row[0] for row in cursor.fetchall()}
    yield from (f"trigger append_only of {table} is missing" for table in APPEND_ONLY if table not in guarded)
    cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
    present = {row[0] for row in cursor.fetchall()}
    yield from (f"foreign key {key.name} is missing" for key in composite_keys() if key.name not in present)


def _sound_policies(cursor: CursorWrapper) -> set[str]:
    """Return the tables whose one policy is ours: a second would be joined to it by OR and open the table."""
    cursor.execute(
        "SELECT tablename FROM pg_policies GROUP BY tablename HAVING count(*) = 1 AND bool_and("
        "policyname = 'tenant_only' AND cmd = 'ALL' AND permissive = 'PERMISSIVE' AND qual = with_check "
        "AND qual LIKE '(tenant_id = %%current_setting(''app.tenant''%%' AND qual NOT ILIKE '%% or %%')"
    )
    return {row[0] for row in cursor.fetchall()}


def _existing(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> set[str]:
    return set(connection.introspection.table_names(cursor))


def _tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models(include_auto_created=True) if issubclass(model, TenantModel)]
