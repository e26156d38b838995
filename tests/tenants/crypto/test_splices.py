"""No object, key or part of one opens in the place of another (FORMAT.md §6 and §8)."""

from uuid import UUID

import pytest

from tenants.crypto.envelope import (
    HEADER_SIZE,
    BadDataKey,
    BadHeaderTag,
    BadSegment,
    KeyUnavailable,
    Opener,
    WrongObject,
    WrongTenant,
    open_bytes,
)
from tenants.crypto.keyring import StaticKeyring, TenantKey
from tests.tenants.crypto.cast import (
    BODY,
    CLINIC,
    HEADER,
    KEY,
    OBJECT,
    OTHER_CLINIC,
    OTHER_OBJECT,
    SEALED,
    SEGMENT,
    THREE,
    assert_refused,
    plain,
    seal,
)


def test_another_object_in_its_place_is_refused() -> None:
    assert_refused(seal(plain(THREE), object_id=OTHER_OBJECT), WrongObject)


def test_another_object_relabelled_is_refused() -> None:
    other = seal(plain(THREE), object_id=OTHER_OBJECT)

    assert_refused(other[:28] + OBJECT.bytes + other[44:], BadDataKey)


def test_another_clinics_object_in_its_place_is_refused() -> None:
    assert_refused(seal(plain(THREE), keyring=OTHER_CLINIC), WrongTenant)


def test_another_clinics_object_relabelled_is_refused_though_both_share_a_key() -> None:
    foreign = seal(plain(THREE), keyring=OTHER_CLINIC)

    assert_refused(foreign[:12] + CLINIC.tenant_id.bytes + foreign[28:], BadDataKey)


def test_another_clinics_keyring_is_refused_before_a_key_is_asked_for() -> None:
    class Untouchable(StaticKeyring):
        def get(self, key_id: UUID, version: int) -> TenantKey:
            raise AssertionError("a key was asked for")

    keys = Untouchable(OTHER_CLINIC.tenant_id, [KEY])

    with pytest.raises(WrongTenant):
        open_bytes(SEALED, keyring=keys, tenant_id=CLINIC.tenant_id, object_id=OBJECT)
    with pytest.raises(WrongTenant):
        open_bytes(SEALED, keyring=keys, tenant_id=OTHER_CLINIC.tenant_id, object_id=OBJECT)
    with pytest.raises(WrongObject):
        open_bytes(
            SEALED,
            keyring=Untouchable(CLINIC.tenant_id, [KEY]),
            tenant_id=CLINIC.tenant_id,
            object_id=OTHER_OBJECT,
        )


@pytest.mark.parametrize("segment", range(3))
def test_segment_of_another_object_is_refused_at_its_place(segment: int) -> None:
    other = seal(plain(THREE))[HEADER_SIZE:]
    start, stop = segment * SEGMENT, (segment + 1) * SEGMENT

    assert_refused(HEADER + BODY[:start] + other[start:stop] + BODY[stop:], BadSegment, whole_pieces=segment)


def test_header_of_one_object_opens_no_other_body() -> None:
    assert_refused(HEADER + seal(plain(THREE))[HEADER_SIZE:], BadSegment)


@pytest.mark.parametrize("field", [slice(64, 104), slice(104, 178), slice(114, 146), slice(146, 178)])
def test_part_of_another_header_is_refused(field: slice) -> None:
    other = seal(plain(THREE))

    assert_refused(SEALED[: field.start] + other[field] + SEALED[field.stop :], BadDataKey, BadHeaderTag)


@pytest.mark.parametrize(
    "key",
    [
        TenantKey(KEY.key_id, KEY.version + 1, KEY.secret),
        TenantKey(OTHER_OBJECT, KEY.version, KEY.secret),
    ],
)
def test_key_under_another_name_is_unavailable(key: TenantKey) -> None:
    with pytest.raises(KeyUnavailable):
        open_bytes(
            SEALED,
            keyring=StaticKeyring(CLINIC.tenant_id, [key]),
            tenant_id=CLINIC.tenant_id,
            object_id=OBJECT,
        )


def test_wrong_secret_under_the_right_name_is_refused() -> None:
    wrong = StaticKeyring(CLINIC.tenant_id, [TenantKey(KEY.key_id, KEY.version, bytes(32))])

    with pytest.raises(BadDataKey):
        open_bytes(SEALED, keyring=wrong, tenant_id=CLINIC.tenant_id, object_id=OBJECT)


def test_relabelled_key_version_is_refused_though_the_secret_is_the_same() -> None:
    newer = TenantKey(KEY.key_id, KEY.version + 1, KEY.secret)
    relabelled = SEALED[:60] + newer.version.to_bytes(4, "big") + SEALED[64:]

    with pytest.raises(BadDataKey):
        Opener(
            relabelled[:HEADER_SIZE],
            keyring=StaticKeyring(CLINIC.tenant_id, [newer]),
            tenant_id=CLINIC.tenant_id,
            object_id=OBJECT,
            size=len(SEALED),
        )


def test_keyring_without_keys_seals_nothing() -> None:
    with pytest.raises(KeyUnavailable):
        seal(b"", keyring=StaticKeyring(CLINIC.tenant_id, []))
