"""No altered, cut, moved or exchanged object opens, and none of its plaintext comes out (FORMAT.md §8)."""

from itertools import chain, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.crypto.envelope import (
    HEADER_SIZE,
    BadDataKey,
    BadHeaderTag,
    BadParameters,
    BadSegment,
    KeyUnavailable,
    Kind,
    NotSealed,
    TrailingBytes,
    Truncated,
    UnknownFlag,
    UnknownKind,
    UnknownSuite,
    UnknownVersion,
    WrongObject,
    WrongTenant,
)
from tests.tenants.crypto.cast import (
    HEADER,
    PIECE,
    SEALED,
    SEGMENT,
    SEGMENTS,
    THREE,
    assert_refused,
    plain,
    released,
    seal,
)

REFUSED_BY_FIELD: list[tuple[range, tuple[type[Exception], ...]]] = [
    (range(0, 8), (NotSealed,)),
    (range(8, 9), (UnknownVersion,)),
    (range(9, 10), (UnknownSuite,)),
    (range(10, 11), (UnknownKind, BadHeaderTag)),
    (range(11, 12), (UnknownFlag,)),
    (range(12, 28), (WrongTenant,)),
    (range(28, 44), (WrongObject,)),
    (range(44, 64), (KeyUnavailable,)),
    (range(64, 104), (BadDataKey,)),
    (range(104, 114), (BadParameters,)),
    (range(114, 178), (BadHeaderTag,)),
]


def with_flipped_bit(sealed: bytes, bit: int) -> bytes:
    flipped = bytearray(sealed)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def test_the_unharmed_object_opens() -> None:
    pieces, refusal = released(SEALED)

    assert refusal is None
    assert b"".join(pieces) == plain(THREE)


@pytest.mark.parametrize(("field", "errors"), REFUSED_BY_FIELD, ids=str)
def test_every_flipped_header_bit_is_refused(field: range, errors: tuple[type[Exception], ...]) -> None:
    for bit in range(field.start * 8, field.stop * 8):
        assert_refused(with_flipped_bit(SEALED, bit), *errors)


def test_the_header_fields_of_these_tests_leave_no_gap() -> None:
    assert list(chain.from_iterable(field for field, _ in REFUSED_BY_FIELD)) == list(range(HEADER_SIZE))


@given(st.integers(HEADER_SIZE * 8, len(SEALED) * 8 - 1))
@settings(max_examples=400, deadline=None)
def test_flipped_body_bit_is_refused_at_its_segment(bit: int) -> None:
    segment = (bit // 8 - HEADER_SIZE) // SEGMENT

    assert_refused(with_flipped_bit(SEALED, bit), BadSegment, Truncated, TrailingBytes, whole_pieces=segment)


@pytest.mark.parametrize("segment", range(3))
def test_every_flipped_bit_around_the_edges_of_a_segment_is_refused(segment: int) -> None:
    start = HEADER_SIZE + segment * SEGMENT
    end = min(start + SEGMENT, len(SEALED))

    for bit in chain(range(start * 8, (start + 20) * 8), range((end - 20) * 8, end * 8)):
        assert_refused(
            with_flipped_bit(SEALED, bit), BadSegment, Truncated, TrailingBytes, whole_pieces=segment
        )


def test_object_cut_at_any_byte_is_refused() -> None:
    view = memoryview(SEALED)

    for size in range(len(SEALED)):
        pieces, refusal = released(view[:size])
        assert refusal is (NotSealed if size < 8 else Truncated)
        whole, rest = divmod(max(size - HEADER_SIZE, 0), SEGMENT)
        assert len(pieces) == (0 if 0 < rest < 32 else max(whole - (rest == 0), 0))


def test_cut_object_is_refused_though_its_size_is_stated_rightly() -> None:
    for size in (
        HEADER_SIZE,
        HEADER_SIZE + 31,
        HEADER_SIZE + SEGMENT,
        HEADER_SIZE + 2 * SEGMENT,
        len(SEALED) - 1,
    ):
        assert released(SEALED[:size], size=len(SEALED)) == ([], Truncated)


@pytest.mark.parametrize("extra", [1, 16, 31, 32, 33, SEGMENT - 1032, SEGMENT, 2 * SEGMENT])
@pytest.mark.parametrize("filling", [b"\0", b"\xff"])
def test_trailing_bytes_are_refused(extra: int, filling: bytes) -> None:
    pieces, refusal = released(SEALED + filling * extra)

    assert refusal in {TrailingBytes, Truncated}
    assert b"".join(pieces) == plain(THREE)[: len(b"".join(pieces))]
    assert len(pieces) <= 2


@pytest.mark.parametrize("size", [0, 1, PIECE])
def test_trailing_bytes_behind_a_single_segment_are_refused(size: int) -> None:
    for extra in (1, 32, SEGMENT):
        pieces, refusal = released(seal(plain(size)) + bytes(extra))
        assert refusal in {TrailingBytes, Truncated}
        assert pieces == []


def test_only_the_right_order_of_segments_opens() -> None:
    opened = []

    for count in range(5):
        for order in product(range(3), repeat=count):
            pieces, refusal = released(HEADER + b"".join(SEGMENTS[number] for number in order))
            if refusal is None:
                opened.append(order)
            assert b"".join(pieces) == plain(THREE)[: len(b"".join(pieces))]

    assert opened == [(0, 1, 2)]


def test_nothing_is_no_object() -> None:
    assert released(b"") == ([], NotSealed)


def test_plain_bytes_are_never_taken_for_an_object() -> None:
    assert released(bytes(128) + b"DICM" + bytes(1000)) == ([], NotSealed)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_unknown_version_is_refused(version: int) -> None:
    assert_refused(SEALED[:8] + bytes([version]) + SEALED[9:], UnknownVersion)


@pytest.mark.parametrize("suite", [0, 2, 255])
def test_unknown_suite_is_refused(suite: int) -> None:
    assert_refused(SEALED[:9] + bytes([suite]) + SEALED[10:], UnknownSuite)


@pytest.mark.parametrize("kind", [0, 10, 255])
def test_unknown_kind_is_refused(kind: int) -> None:
    assert_refused(SEALED[:10] + bytes([kind]) + SEALED[11:], UnknownKind)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INSTANCE])
def test_an_object_cannot_pass_for_another_kind(kind: Kind) -> None:
    assert_refused(SEALED[:10] + bytes([kind]) + SEALED[11:], BadHeaderTag)
