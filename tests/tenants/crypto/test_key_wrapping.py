"""Tenant keys are wrapped for exactly their names; key rings open by the root key alone (FORMAT.md §5)."""

from pathlib import Path
from uuid import UUID

import pytest

from tenants.crypto.envelope import BadDataKey, Kind, open_bytes, seal_bytes
from tenants.crypto.keyring import KeyUnavailable, TenantKey
from tenants.crypto.providers import (
    BadWrappedKey,
    LocalKeyProvider,
    RootKeyMissing,
)

CLINIC = UUID("11111111-1111-4111-8111-111111111111")
OTHER_CLINIC = UUID("22222222-2222-4222-8222-222222222222")
KEY = TenantKey(UUID("55555555-5555-4555-8555-555555555555"), 3, bytes(range(32)))
ROOT = bytes(range(32, 64))
WRAPPED = "f6907ba8fdb5d2a3227207e777cff0777d98d2d459d9ba15ade16774472b0e4ec848cca31165988c"
RING = "629322bab3cf1730af4827efb7b97ff5342ab584b902a935347e0cdf04b0a664"
"""KEY wrapped, and the ring key, under ROOT; computed apart, with the standard library's hmac."""


@pytest.fixture
def provider(tmp_path: Path) -> LocalKeyProvider:
    provider = LocalKeyProvider(tmp_path / "keys")
    provider.create_root(CLINIC)
    return provider


def key_file(tmp_path: Path, tenant_id: UUID = CLINIC) -> Path:
    return tmp_path / "keys" / f"{tenant_id}.key"


def test_wrapped_key_comes_back(provider: LocalKeyProvider) -> None:
    wrapped = provider.wrap(CLINIC, KEY)

    assert len(wrapped) == 40
    assert KEY.secret not in wrapped
    assert provider.unwrap(CLINIC, KEY.key_id, KEY.version, wrapped) == KEY


def test_wrapping_stays_as_the_format_says(provider: LocalKeyProvider, tmp_path: Path) -> None:
    key_file(tmp_path).write_bytes(ROOT)

    assert provider.wrap(CLINIC, KEY).hex() == WRAPPED
    assert provider.ring_keyring(CLINIC).current().secret.hex() == RING


def test_key_wrapped_for_other_names_is_refused(provider: LocalKeyProvider, tmp_path: Path) -> None:
    provider.create_root(OTHER_CLINIC)
    key_file(tmp_path, OTHER_CLINIC).write_bytes(key_file(tmp_path).read_bytes())
    wrapped = provider.wrap(CLINIC, KEY)

    for tenant_id, key_id, version in (
        (OTHER_CLINIC, KEY.key_id, KEY.version),
        (CLINIC, CLINIC, KEY.version),
        (CLINIC, KEY.key_id, KEY.version + 1),
    ):
        with pytest.raises(BadWrappedKey):
            provider.unwrap(tenant_id, key_id, version, wrapped)


def test_every_altered_bit_of_a_wrapped_key_is_refused(provider: LocalKeyProvider) -> None:
    wrapped = provider.wrap(CLINIC, KEY)

    for bit in range(len(wrapped) * 8):
        altered = bytearray(wrapped)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadWrappedKey):
            provider.unwrap(CLINIC, KEY.key_id, KEY.version, bytes(altered))


@pytest.mark.parametrize("length", [0, 8, 16, 24, 39, 41, 48])
def test_wrapped_key_of_another_length_is_refused(provider: LocalKeyProvider, length: int) -> None:
    with pytest.raises(BadWrappedKey):
        provider.unwrap(CLINIC, KEY.key_id, KEY.version, bytes(length))


def test_destroyed_root_key_ends_every_use(provider: LocalKeyProvider, tmp_path: Path) -> None:
    wrapped = provider.wrap(CLINIC, KEY)
    key_file(tmp_path).unlink()

    with pytest.raises(RootKeyMissing):
        provider.unwrap(CLINIC, KEY.key_id, KEY.version, wrapped)
    with pytest.raises(KeyUnavailable):
        provider.wrap(CLINIC, KEY)
    with pytest.raises(KeyUnavailable):
        provider.ring_keyring(CLINIC)


def test_key_ring_opens_without_any_tenant_key(provider: LocalKeyProvider) -> None:
    ring, wrapped = provider.ring_keyring(CLINIC), provider.wrap(CLINIC, KEY)
    sealed, _ = seal_bytes(wrapped, keyring=ring, object_id=KEY.key_id, kind=Kind.KEY_RING)

    opened = open_bytes(sealed, keyring=provider.ring_keyring(CLINIC), tenant_id=CLINIC, object_id=KEY.key_id)

    assert opened == wrapped


def test_key_ring_opens_under_its_own_root_only(provider: LocalKeyProvider, tmp_path: Path) -> None:
    sealed, _ = seal_bytes(
        b"ring", keyring=provider.ring_keyring(CLINIC), object_id=KEY.key_id, kind=Kind.KEY_RING
    )
    key_file(tmp_path).write_bytes(ROOT)

    with pytest.raises(BadDataKey):
        open_bytes(sealed, keyring=provider.ring_keyring(CLINIC), tenant_id=CLINIC, object_id=KEY.key_id)
