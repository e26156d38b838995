"""A tenant's keys: the last one seals, all of them open."""

from uuid import UUID

import pytest

from tenants.crypto.keyring import KeyUnavailable, StaticKeyring, TenantKey

CLINIC = UUID("11111111-1111-4111-8111-111111111111")
OLD = TenantKey(UUID("55555555-5555-4555-8555-555555555555"), 1, bytes(32))
NEW = TenantKey(UUID("66666666-6666-4666-8666-666666666666"), 2, bytes(range(32)))


def test_last_key_is_current_and_old_ones_are_still_there() -> None:
    ring = StaticKeyring(CLINIC, [OLD, NEW])

    assert ring.tenant_id == CLINIC
    assert ring.current() is NEW
    assert ring.get(OLD.key_id, 1) is OLD
    assert ring.get(NEW.key_id, 2) is NEW


@pytest.mark.parametrize(("key_id", "version"), [(OLD.key_id, 2), (NEW.key_id, 1), (CLINIC, 1)])
def test_key_is_found_by_id_and_version_together(key_id: UUID, version: int) -> None:
    with pytest.raises(KeyUnavailable):
        StaticKeyring(CLINIC, [OLD, NEW]).get(key_id, version)


def test_empty_keyring_has_no_current_key() -> None:
    with pytest.raises(KeyUnavailable):
        StaticKeyring(CLINIC, []).current()


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_key_of_another_length_is_none(length: int) -> None:
    with pytest.raises(ValueError):
        TenantKey(CLINIC, 1, bytes(length))


@pytest.mark.parametrize("version", [-1, 2**32])
def test_version_that_no_header_can_hold_is_none(version: int) -> None:
    with pytest.raises(ValueError):
        TenantKey(CLINIC, version, bytes(32))
