"""Keys for machines: issued once, stored as a hash, scoped, revocable.

A key is `pacs_` and 256 random bits in base64url. It belongs to one clinic; the path says which.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import transaction

from tenants import events
from tenants.audit.record import Subject, record
from tenants.models import ApiKey, User
from tenants.permissions import SCOPE_PERMISSIONS, Actor
from tenants.scope import current_tenant_id

PREFIX = "pacs_"


class UnknownScope(ValueError):
    """A scope that no key may have."""


def issue(
    actor: Actor, *, name: str, scopes: Sequence[str], now: datetime, created_by: User | None = None
) -> tuple[ApiKey, str]:
    """Create a key in the current clinic; returns the row and the secret, which is shown this once."""
    unknown = set(scopes) - SCOPE_PERMISSIONS.keys()
    if unknown or not scopes:
        raise UnknownScope(", ".join(sorted(unknown)))
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic(durable=True):
        key = ApiKey.objects.create(
            name=name,
            secret_sha256=_hash(secret),
            scopes=sorted(set(scopes)),
            created_by=created_by,
            created_at=now,
        )
        record(actor, events.API_KEY_ISSUED, Subject("api-key", str(key.id)), at=now)
    forget()
    return key, secret


def find(secret: str, *, now: datetime) -> ApiKey | None:
    """Return the living key of the current clinic with this secret; at most a second old, for images come fast."""
    key = _found(current_tenant_id(), _hash(secret), int(now.timestamp()))
    if key is not None and key.last_used_on != now.date():
        key.last_used_on = now.date()
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=key.last_used_on)
    return key


def forget() -> None:
    """Drop what this process remembers; other processes do within a second."""
    _found.cache_clear()


@lru_cache(maxsize=1000)
def _found(tenant_id: UUID, secret_sha256: bytes, second: int) -> ApiKey | None:
    return ApiKey.objects.filter(secret_sha256=secret_sha256, revoked_at=None).first()


def revoke(actor: Actor, key: ApiKey, *, now: datetime) -> None:
    """End a key; ending it twice changes nothing."""
    with transaction.atomic(durable=True):
        if key.revoke(now):
            record(actor, events.API_KEY_REVOKED, Subject("api-key", str(key.id)), at=now)
    forget()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
