"""What a clinic may store. Limits are plain fields on the clinic; nobody asks billing."""

from pacs.models import UsageCounter
from tenants.models import Tenant


class QuotaExceeded(Exception):
    """The clinic's storage is full; carries what is used and what is allowed, in bytes."""

    def __init__(self, used: int, limit: int) -> None:
        super().__init__(used, limit)
        self.used = used
        self.limit = limit


def used_bytes() -> int:
    """Return the plaintext bytes that the current clinic stores."""
    return UsageCounter.objects.values_list("plain_bytes", flat=True).first() or 0


def require_room(tenant: Tenant, more: int = 0) -> None:
    """Raise QuotaExceeded when `more` bytes would not fit."""
    used = used_bytes()
    if used + more > tenant.storage_limit_bytes:
        raise QuotaExceeded(used, tenant.storage_limit_bytes)
