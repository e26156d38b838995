"""What is sealed comes back: whole, in ranges, however it was written (FORMAT.md §3 and §4)."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.crypto.envelope import (
    AlreadyFinished,
    BadRange,
    Kind,
    Opener,
    Sealer,
    WrongTenant,
    open_bytes,
    seal_bytes,
)
from tests.tenants.crypto.cast import (
    CLINIC,
    KEY,
    OBJECT,
    OURSELVES,
    PIECE,
    SEALED,
    SEGMENT,
    THREE,
    opener,
    plain,
    read,
    seal,
)

EDGES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1000)


@pytest.mark.parametrize("size", EDGES)
def test_object_comes_back_bit_for_bit(size: int) -> None:
    sealed = seal(plain(size))

    assert open_bytes(sealed, keyring=CLINIC, tenant_id=CLINIC.tenant_id, object_id=OBJECT) == plain(size)
    assert opener(sealed).plain_size == size
    assert len(sealed) == 178 + size + 32 * max(-(-size // PIECE), 1)


def test_sealing_tells_what_the_database_must_keep() -> None:
    data, sealed = seal_bytes(plain(THREE), keyring=CLINIC, object_id=OBJECT, kind=Kind.EXPORT)

    assert sealed.header == data[:178]
    assert sealed.sha256 == hashlib.sha256(data).digest()
    assert (sealed.size, sealed.plain_size) == (len(data), THREE)


def test_same_plaintext_never_looks_the_same() -> None:
    first, second = seal(plain(5000)), seal(plain(5000))

    assert first[64:] != second[64:]
    assert first[64:104] != second[64:104]
    assert first[114:146] != second[114:146]
    assert plain(64) not in first


@pytest.mark.parametrize("chunk", [1, 1000, PIECE - 1, PIECE, PIECE + 1, SEGMENT, 3 * PIECE])
def test_object_does_not_depend_on_how_it_was_written(chunk: int) -> None:
    size = 3000 if chunk == 1 else THREE
    parts: list[bytes] = []
    sealer = Sealer(parts.append, keyring=CLINIC, object_id=OBJECT, kind=Kind.INSTANCE)

    for start in range(0, size, chunk):
        sealer.write(memoryview(plain(size))[start : start + chunk])
    sealed = sealer.finish()

    data = b"".join(parts)
    assert read(data, 0, size) == plain(size)
    assert (sealed.size, sealed.plain_size) == (len(data), size)
    assert sealed.sha256 == hashlib.sha256(data).digest()


@pytest.mark.parametrize("chunk", [PIECE // 2, PIECE, PIECE // 4])
def test_full_last_segment_is_followed_by_no_empty_one(chunk: int) -> None:
    sizes: list[int] = []
    sealer = Sealer(
        lambda part: sizes.append(len(part)), keyring=CLINIC, object_id=OBJECT, kind=Kind.INSTANCE
    )

    for _ in range(0, 2 * PIECE, chunk):
        sealer.write(bytes(chunk))
    sealer.write(b"")
    sealer.finish()

    assert sizes == [178, SEGMENT, SEGMENT]


def test_segments_leave_as_soon_as_more_follows() -> None:
    sizes: list[int] = []
    sealer = Sealer(
        lambda part: sizes.append(len(part)), keyring=CLINIC, object_id=OBJECT, kind=Kind.INSTANCE
    )

    sealer.write(bytes(PIECE))
    assert sizes == [178]
    sealer.write(b"\0")
    assert sizes == [178, SEGMENT]
    sealer.finish()
    assert sizes == [178, SEGMENT, 33]


def test_finished_object_takes_no_more() -> None:
    parts: list[bytes] = []
    sealer = Sealer(parts.append, keyring=CLINIC, object_id=OBJECT, kind=Kind.INSTANCE)
    sealer.finish()

    with pytest.raises(AlreadyFinished):
        sealer.write(b"more")
    with pytest.raises(AlreadyFinished):
        sealer.finish()
    assert len(b"".join(parts)) == 178 + 32


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_every_range_reads_as_the_plaintext_does(data: st.DataObject) -> None:
    near = st.sampled_from([0, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 1, 2 * PIECE, 2 * PIECE + 1, THREE])
    place = st.one_of(near, st.integers(0, THREE))
    start, stop = sorted((data.draw(place), data.draw(place)))

    assert read(SEALED, start, stop) == plain(THREE)[start:stop]


@given(st.binary(max_size=2000), st.integers(0, 2000), st.integers(0, 2000))
def test_every_range_of_a_small_object_reads_as_the_plaintext_does(data: bytes, one: int, two: int) -> None:
    start, stop = sorted((min(one, len(data)), min(two, len(data))))

    assert read(seal(data), start, stop) == data[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (2, 1), (0, THREE + 1), (THREE + 1, THREE + 1)])
def test_range_outside_the_plaintext_is_refused_at_once(start: int, stop: int) -> None:
    with pytest.raises(BadRange):
        opener(SEALED).read(lambda *_: b"", start, stop)


def reads_of(start: int, stop: int) -> list[tuple[int, int]]:
    asked: list[tuple[int, int]] = []

    def read_at(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return SEALED[offset : offset + length]

    assert b"".join(opener(SEALED).read(read_at, start, stop)) == plain(THREE)[start:stop]
    return asked


@pytest.mark.parametrize(
    ("start", "stop", "asked"),
    [
        (0, 1, [(178, SEGMENT)]),
        (PIECE - 1, PIECE, [(178, SEGMENT)]),
        (PIECE, PIECE + 1, [(178 + SEGMENT, SEGMENT)]),
        (PIECE - 1, PIECE + 1, [(178, 2 * SEGMENT)]),
        (100, 100, []),
        (0, THREE, [(178, 2 * SEGMENT + 1032)]),
        (THREE, THREE, [(178 + 2 * SEGMENT, 1032)]),
    ],
)
def test_range_fetches_its_own_segments_in_one_read(
    start: int, stop: int, asked: list[tuple[int, int]]
) -> None:
    assert reads_of(start, stop) == asked


def test_long_range_is_fetched_in_steps_of_four_mebibytes() -> None:
    sealed, asked = seal(bytes(130 * PIECE)), []

    def read_at(offset: int, length: int) -> bytes:
        asked.append((offset - 178, length))
        return sealed[offset : offset + length]

    for _ in opener(sealed).read(read_at, 0, 130 * PIECE):
        pass

    assert asked == [(0, 64 * SEGMENT), (64 * SEGMENT, 64 * SEGMENT), (128 * SEGMENT, 2 * SEGMENT)]


@pytest.mark.parametrize("size", [0, PIECE])
def test_reading_an_object_without_a_remainder_opens_its_last_segment(size: int) -> None:
    sealed = seal(plain(size))
    asked: list[int] = []

    def read_at(offset: int, length: int) -> bytes:
        asked.append(offset)
        return sealed[offset : offset + length]

    assert b"".join(opener(sealed).read(read_at, size, size)) == b""
    assert asked == [178]


@pytest.mark.parametrize("kind", [Kind.AUDIT_SEGMENT, Kind.DATABASE_DUMP])
def test_what_outlives_a_clinic_is_never_sealed_under_its_key(kind: Kind) -> None:
    parts: list[bytes] = []

    with pytest.raises(WrongTenant):
        Sealer(parts.append, keyring=CLINIC, object_id=OBJECT, kind=kind)

    assert parts == []
    assert seal_bytes(b"", keyring=OURSELVES, object_id=OBJECT, kind=kind)[1].plain_size == 0


@pytest.mark.parametrize("kind", Kind)
def test_kind_is_known_after_opening(kind: Kind) -> None:
    sealed, facts = seal_bytes(b"", keyring=OURSELVES, object_id=OBJECT, kind=kind)

    opened = Opener(
        facts.header, keyring=OURSELVES, tenant_id=OURSELVES.tenant_id, object_id=OBJECT, size=len(sealed)
    )

    assert opened.kind is kind


def test_secret_is_in_no_repr() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)
