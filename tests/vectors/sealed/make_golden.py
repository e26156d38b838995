"""Makes the golden objects. They are made once for each version of the format and never again.

    python -m tests.vectors.sealed.make_golden

Keys, names and randomness follow from labels, so nothing here is secret and a second run writes the same.
A later release must open what lies here; it adds objects under a new directory and leaves these alone.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

from tenants.crypto.envelope import Kind, Sealed, seal_bytes
from tenants.crypto.keyring import PROVIDER, StaticKeyring, TenantKey

HERE = Path(__file__).parent
MANIFEST = HERE / "golden.json"


@dataclass(frozen=True)
class Golden:
    """What one golden object is made from."""

    name: str
    plain_size: int
    kind: Kind = Kind.INSTANCE
    key_version: int = 1

    @property
    def tenant_id(self) -> UUID:
        return PROVIDER if self.kind in {Kind.AUDIT_SEGMENT, Kind.DATABASE_DUMP} else _uuid("tenant")

    @property
    def object_id(self) -> UUID:
        return _uuid(f"object {self.name}")

    @property
    def key(self) -> TenantKey:
        label = f"key {self.key_version} of {self.tenant_id}"
        return TenantKey(_uuid(f"id of {label}"), self.key_version, _noise(label, 32))

    @property
    def plain(self) -> bytes:
        return _noise(f"plaintext of {self.name}", self.plain_size)

    def seal(self) -> tuple[bytes, Sealed]:
        """Seal with randomness that follows from the name."""
        with fixed_randomness(self.name):
            keyring = StaticKeyring(self.tenant_id, [self.key])
            return seal_bytes(self.plain, keyring=keyring, object_id=self.object_id, kind=self.kind)


GOLDEN = (
    *(Golden(f"size-{size}", size) for size in (0, 1, 65503, 65504, 65505)),
    Golden("three-segments", 2 * 65504 + 1000),
    *(Golden(f"kind-{kind.value}", 40, kind=kind) for kind in Kind),
    Golden("key-version-2", 40, key_version=2),
)


@contextmanager
def fixed_randomness(label: str) -> Iterator[None]:
    """Make `os.urandom` return a stream that follows from the label."""
    stream, used = _noise(f"randomness of {label}", 4096), 0

    def take(size: int) -> bytes:
        nonlocal used
        used += size
        return stream[used - size : used]

    with patch.object(os, "urandom", take):
        yield


def _noise(label: str, size: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(size)


def _uuid(label: str) -> UUID:
    return UUID(bytes=_noise(label, 16), version=4)


def _entry(golden: Golden, sealed: Sealed) -> dict[str, object]:
    return {
        "name": golden.name,
        "kind": golden.kind.value,
        "tenant_id": str(golden.tenant_id),
        "object_id": str(golden.object_id),
        "key": {
            "id": str(golden.key.key_id),
            "version": golden.key_version,
            "secret": golden.key.secret.hex(),
        },
        "plain": {"size": golden.plain_size, "sha256": hashlib.sha256(golden.plain).hexdigest()},
        "sealed": {"size": sealed.size, "sha256": sealed.sha256.hex()},
    }


def main() -> None:
    """Write the objects and their manifest."""
    entries = []
    for golden in GOLDEN:
        data, sealed = golden.seal()
        (HERE / f"{golden.name}.sealed").write_bytes(data)
        entries.append(_entry(golden, sealed))
    MANIFEST.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
