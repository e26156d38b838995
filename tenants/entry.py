"""Entering a clinic: scope, row security and keys in one `with`.

`enter` opens no transaction. On PostgreSQL a wrapper around every statement sets `app.tenant` for the
transaction (`set_config(..., is_local => true)`): before its first statement, again when the scope changed
inside it or a savepoint was rolled back, and an autocommit statement gets a transaction of its own. So a
pooled connection never carries a clinic from one transaction to the next.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus

from tenants.crypto.keyring import Keyring, StaticKeyring
from tenants.crypto.providers import KeyProvider, provider_from_url
from tenants.models import Tenant, TenantKey
from tenants.scope import current_tenant_id, entered_tenant_id, scoped

KEYS_ARE_CACHED_SECONDS = 300

_keyrings: dict[uuid.UUID, tuple[float, Keyring]] = {}
_provider: dict[str, KeyProvider] = {}
_loading = threading.Lock()


@contextmanager
def enter(tenant: Tenant | uuid.UUID) -> Iterator[None]:
    """Run the block inside a clinic. Opens no transaction; threads and streamed bodies start outside it."""
    with scoped(tenant.id if isinstance(tenant, Tenant) else tenant):
        yield


@contextmanager
def reading() -> Iterator[None]:
    """Share one transaction among several reads; close it before a write.

    On SQLite a transaction would take the write lock (BEGIN IMMEDIATE), so there the reads stand alone.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield


def keyring() -> Keyring:
    """Return the current clinic's keys, at most 300 s old; raises KeyUnavailable when its root is gone."""
    tenant_id = current_tenant_id()
    cached = _keyrings.get(tenant_id)
    if cached is not None and cached[0] > time.monotonic():
        return cached[1]
    with _loading:
        loaded = _load_keyring(tenant_id)
        _keyrings[tenant_id] = (time.monotonic() + KEYS_ARE_CACHED_SECONDS, loaded)
    return loaded


def key_provider() -> KeyProvider:
    """Return the key provider of the settings, one for each process."""
    url: str = settings.KEY_PROVIDER_URL
    if url not in _provider:
        _provider[url] = provider_from_url(url)
    return _provider[url]


def forget_keys() -> None:
    """Drop cached keys, so that a changed or destroyed key is seen at once."""
    _keyrings.clear()
    _provider.clear()


def _load_keyring(tenant_id: uuid.UUID) -> Keyring:
    rows = list(TenantKey.objects.order_by("version"))
    provider = key_provider()
    keys = [provider.unwrap(tenant_id, row.id, row.version, bytes(row.wrapped)) for row in rows]
    return StaticKeyring(tenant_id, keys)


def watch_connections() -> None:
    """Put the row-security wrapper on every new PostgreSQL connection; called once, at start."""
    connection_created.connect(_watch, dispatch_uid="tenants.entry")


def _watch(connection: BaseDatabaseWrapper, **_: object) -> None:
    if connection.vendor == "postgresql" and connection.alias == "default":
        others = [
            known for known in connection.execute_wrappers if not isinstance(known, _TenantOfTransaction)
        ]
        connection.execute_wrappers[:] = [_TenantOfTransaction(connection), *others]


class _TenantOfTransaction:
    """Keeps `app.tenant` equal to the scope, for one connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.known: uuid.UUID | None = None
        self.is_setting = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: ANN401
        if self.is_setting:
            return execute(sql, params, many, context)
        tenant_id = entered_tenant_id()
        if self.connection.in_atomic_block or not self.connection.get_autocommit():
            if isinstance(sql, str) and sql.startswith("ROLLBACK TO"):
                # Takes back a setting made since; and until it has run, a failed transaction takes no other.
                result = execute(sql, params, many, context)
                self._set(tenant_id)
                return result
            self._follow(tenant_id)
            return execute(sql, params, many, context)
        if tenant_id is None:
            return execute(sql, params, many, context)
        with transaction.atomic():
            self._set(tenant_id)
            return execute(sql, params, many, context)

    def _follow(self, tenant_id: uuid.UUID | None) -> None:
        status = self.connection.connection.info.transaction_status
        if status == TransactionStatus.INERROR:
            return  # whatever comes fails, and says so itself
        if status == TransactionStatus.IDLE or self.known != tenant_id:
            self._set(tenant_id)

    def _set(self, tenant_id: uuid.UUID | None) -> None:
        self.is_setting = True
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant_id or "")])
        finally:
            self.is_setting = False
        self.known = tenant_id
