"""A tenant's keys, as the envelope asks for them (FORMAT.md §5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

KEY_SIZE = 32
PROVIDER = UUID(int=0)
"""The nil UUID: stands for the provider itself, whose objects outlive every clinic."""


class KeyUnavailable(Exception):
    """The key cannot be had now, or was destroyed. The object itself may be whole."""


@dataclass(frozen=True)
class TenantKey:
    """One version of a tenant's key. Its secret is shown by no repr."""

    key_id: UUID
    version: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_SIZE:
            raise ValueError("a tenant key has 32 bytes")
        if not 0 <= self.version < 2**32:
            raise ValueError("a key version has 32 bits")


class Keyring(Protocol):
    """The keys of one tenant: the newest seals, all of them open."""

    @property
    def tenant_id(self) -> UUID:
        """Whose keys these are; the nil UUID for the provider's own."""
        ...

    def current(self) -> TenantKey:
        """Return the key for new objects, or raise KeyUnavailable."""
        ...

    def get(self, key_id: UUID, version: int) -> TenantKey:
        """Return the key that an object names, or raise KeyUnavailable."""
        ...


class StaticKeyring:
    """A keyring of keys that are at hand. The last of them is current."""

    def __init__(self, tenant_id: UUID, keys: Sequence[TenantKey]) -> None:
        self.tenant_id = tenant_id
        self._keys = {(key.key_id, key.version): key for key in keys}
        self._current = keys[-1] if keys else None

    def current(self) -> TenantKey:
        if self._current is None:
            raise KeyUnavailable(self.tenant_id)
        return self._current

    def get(self, key_id: UUID, version: int) -> TenantKey:
        try:
            return self._keys[key_id, version]
        except KeyError:
            raise KeyUnavailable(key_id, version) from None
