"""Scratch databases on the PostgreSQL of this machine, removed at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

SUPERUSER_URL = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
PLACE = SUPERUSER_URL.rpartition("@")[2].partition("/")[0]
ROLES = {
    "cloud_pacs_owner": "LOGIN BYPASSRLS CREATEDB PASSWORD 'owner'",
    "cloud_pacs_app": "LOGIN PASSWORD 'app'",
    "bench_orthanc": "LOGIN PASSWORD 'orthanc'",
}
LEAKPROOF = ("textlike(text, text)", "texticlike(text, text)")


@contextmanager
def scratch_database(name: str, *, owner: str) -> Iterator[str]:
    """Yield the name of a new database of this role; it is dropped afterwards."""
    with _server() as server:
        _create_role(server, owner)
        _drop(server, name)
        server.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
        )
    try:
        yield name
    finally:
        with _server() as server:
            _drop(server, name)


def let_searches_pass_row_security(name: str) -> None:
    """Declare LIKE leakproof, as an installation does once: else it waits behind row security (RUNBOOK)."""
    with psycopg.connect(f"{SUPERUSER_URL.rpartition('/')[0]}/{name}", autocommit=True) as database:
        for function in LEAKPROOF:
            database.execute(sql.SQL("ALTER FUNCTION {} LEAKPROOF").format(sql.SQL(function)))


def ensure_role(name: str) -> None:
    """Create a role unless it exists."""
    with _server() as server:
        _create_role(server, name)


def address(role: str, name: str) -> str:
    """Return how a role reaches a database."""
    password = ROLES[role].rpartition("PASSWORD '")[2].rstrip("'")
    return f"postgresql://{role}:{password}@{PLACE}/{name}"


def backends(name: str) -> set[int]:
    """Return the server processes that work for a database."""
    with _server() as server:
        rows = server.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name]).fetchall()
    return {int(str(pid)) for (pid,) in rows}


def _server() -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(SUPERUSER_URL, autocommit=True, connect_timeout=5)


def _create_role(server: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        server.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(name), sql.SQL(ROLES[name])))


def _drop(server: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
