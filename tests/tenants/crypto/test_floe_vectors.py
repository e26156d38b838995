"""The body is FLOE as others write it: the published known answers open."""

from pathlib import Path

import pytest

from tenants.crypto.stream import (
    HEADER_SIZE,
    BadSegment,
    Parameters,
    Reader,
    SegmentCipher,
    Writer,
    begin,
    resume,
)

FLOE = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "floe"
KEY = bytes(32)
AAD = b"This is AAD"
PARAMETERS = {
    "GCM256_IV256_64": Parameters(segment_length=64),
    "GCM256_IV256_4K": Parameters(segment_length=4096),
    "rotation": Parameters(segment_length=40, rotation_bits=2),
    "lastSegAligned": Parameters(segment_length=40),
    "lastSegEmpty": Parameters(segment_length=40),
}
VECTORS = [
    *(
        (maker, name)
        for maker in ("cpp", "go", "java", "pub_java", "rust")
        for name in ("GCM256_IV256_64", "GCM256_IV256_4K", "rotation")
    ),
    ("java", "lastSegAligned"),
    ("java", "lastSegEmpty"),
]


def vector(maker: str, name: str, part: str) -> bytes:
    return bytes.fromhex((FLOE / f"{maker}_{name}_{part}.txt").read_text())


def reader(name: str, sealed: bytes) -> Reader:
    cipher = resume(PARAMETERS[name], KEY, AAD, sealed[:HEADER_SIZE])
    return Reader(cipher, len(sealed) - HEADER_SIZE)


def read(sealed: bytes, body: Reader, start: int, stop: int) -> bytes:
    view = memoryview(sealed)[HEADER_SIZE:]
    return b"".join(body.read(lambda offset, length: view[offset : offset + length], start, stop))


@pytest.mark.shared
@pytest.mark.parametrize(("maker", "name"), VECTORS)
def test_published_vector_opens(maker: str, name: str) -> None:
    sealed, plain = vector(maker, name, "ct"), vector(maker, name, "pt")

    body = reader(name, sealed)

    assert body.plain_size == len(plain)
    assert read(sealed, body, 0, len(plain)) == plain


@pytest.mark.shared
@pytest.mark.parametrize(("maker", "name"), VECTORS)
def test_every_range_of_a_published_vector_opens(maker: str, name: str) -> None:
    sealed, plain = vector(maker, name, "ct"), vector(maker, name, "pt")
    body = reader(name, sealed)
    step = max(len(plain) // 40, 1)

    for start in range(0, len(plain) + 1, step):
        for stop in range(start, len(plain) + 1, step):
            assert read(sealed, body, start, stop) == plain[start:stop]


def test_all_seventeen_vectors_are_listed() -> None:
    assert len(VECTORS) == 17


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 31, 32, 33, 100])
def test_a_key_serves_as_many_segments_as_the_suite_says(size: int) -> None:
    parameters, plain = Parameters(segment_length=40, rotation_bits=2), bytes(range(size))
    parts: list[bytes] = []
    header, cipher = begin(parameters, KEY, AAD)
    writer = Writer(cipher, parts.append)
    writer.write(plain)
    writer.finish()
    sealed = header + b"".join(parts)

    body = Reader(resume(parameters, KEY, AAD, header), len(sealed) - HEADER_SIZE)

    assert read(sealed, body, 0, size) == plain
    assert len(parts) == max(-(-size // 8), 1)


def test_empty_last_segment_after_a_full_one_opens() -> None:
    parameters = Parameters(segment_length=40)
    header, cipher = begin(parameters, KEY, AAD)
    sealed = header + cipher.seal(0, b"12345678") + cipher.seal_last(1, b"")

    body = Reader(resume(parameters, KEY, AAD, header), len(sealed) - HEADER_SIZE)

    assert body.plain_size == 8
    assert read(sealed, body, 0, 8) == b"12345678"
    assert read(sealed, body, 8, 8) == b""


def test_rotation_changes_the_key_after_four_segments() -> None:
    rotating, steady = Parameters(40, rotation_bits=2), Parameters(40)
    iv = bytes(32)
    sealed = SegmentCipher(rotating, KEY, iv, AAD).seal(3, bytes(8))
    moved = SegmentCipher(rotating, KEY, iv, AAD).seal(4, bytes(8))

    assert SegmentCipher(steady, KEY, iv, AAD).open(3, memoryview(sealed)) == bytes(8)
    with pytest.raises(BadSegment):
        SegmentCipher(steady, KEY, iv, AAD).open(4, memoryview(moved))
