"""What a clinic may store. Limits are plain fields on the clinic; nobody asks billing."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

from pacs.models import UsageCounter
from tenants.models import Tenant

ROOMY_BYTES = 20 * 10**9
"""More than arrives in five seconds, whatever sends it."""


class QuotaExceeded(Exception):
    """The clinic's storage is full; carries what is used and what is allowed, in bytes."""

    def __init__(self, used: int, limit: int) -> None:
        super().__init__(used, limit)
        self.used = used
        self.limit = limit


def used_bytes() -> int:
    """Return the plaintext bytes that the current clinic stores."""
    return UsageCounter.objects.values_list("plain_bytes", flat=True).first() or 0


def require_not_full(tenant: Tenant, now: datetime) -> None:
    """Raise QuotaExceeded when the clinic's storage is full; with much room left, asked once in five seconds."""
    if _is_roomy(tenant.id, tenant.storage_limit_bytes, int(now.timestamp()) // 5):
        return
    used = used_bytes()
    if used >= tenant.storage_limit_bytes:
        raise QuotaExceeded(used, tenant.storage_limit_bytes)


def require_room(tenant: Tenant, more: int) -> None:
    """Raise QuotaExceeded when `more` bytes would not fit."""
    used = used_bytes()
    if used + more > tenant.storage_limit_bytes:
        raise QuotaExceeded(used, tenant.storage_limit_bytes)


@lru_cache(maxsize=1000)
def _is_roomy(tenant_id: UUID, limit: int, five_seconds: int) -> bool:
    return used_bytes() + ROOMY_BYTES < limit
