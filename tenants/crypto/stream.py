"""FLOE: a body of AES-256-GCM segments that can be read from the middle (FORMAT.md §4).

Only the framing is ours; the ciphers come from `cryptography`. Segment length and key rotation are parameters
because the published vectors have several; stored objects have those of `envelope.SUITE_1` alone.
"""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.crypto.kdf import expand

HEADER_SIZE = 74
"""Parameters 10, IV 32, header tag 32."""

_IV_SIZE = 32
_TAG_SIZE = 32
_NONCE_SIZE = 12
_SEGMENT_OVERHEAD = 4 + _NONCE_SIZE + 16
_CONTINUES = b"\xff\xff\xff\xff"
_READ_AT_ONCE = 4 * 1024 * 1024
"""Bytes fetched by one read: a frame costs one request, a long stream this much memory."""

ReadAt = Callable[[int, int], bytes | memoryview]
"""Returns the sealed bytes at (offset, length)."""


class CannotOpen(Exception):
    """The stored bytes are not the object that was asked for, or not all of it."""


class BadParameters(CannotOpen):
    """The body announces another segment length, IV length or cipher than its suite has."""


class BadHeaderTag(CannotOpen):
    """The header was altered, or was made for another key or another context."""


class BadSegment(CannotOpen):
    """A segment was altered or moved, or comes from elsewhere. Carries its position."""


class Truncated(CannotOpen):
    """The object goes on behind its stated size, or the store returned less. Carries the position."""


class TrailingBytes(CannotOpen):
    """The object ends before its stated size. Carries the position of its last segment."""


class BadRange(ValueError):
    """The range does not lie in the plaintext. Carries start, stop and the plaintext's size."""


class AlreadyFinished(RuntimeError):
    """The last segment was written, nothing can follow it."""


@dataclass(frozen=True)
class Parameters:
    """What a suite fixes: bytes of a whole segment, and how many segments (as a power of two) share a key."""

    segment_length: int
    rotation_bits: int = 20

    @property
    def plain_length(self) -> int:
        """Plaintext bytes of every segment but the last."""
        return self.segment_length - _SEGMENT_OVERHEAD

    @property
    def encoded(self) -> bytes:
        """AES-256-GCM with HKDF-Expand-SHA-384 (00 00), segment length, IV length."""
        return struct.pack(">HII", 0, self.segment_length, _IV_SIZE)


class SegmentCipher:
    """The keys of one body: seals and opens a segment by its position."""

    def __init__(self, parameters: Parameters, key: bytes, iv: bytes, aad: bytes) -> None:
        self.parameters = parameters
        self._salt = parameters.encoded + iv
        self._aad = aad
        self._message_key = self._derive(key, b"MESSAGE_KEY:", 48)
        self.header_tag = self._derive(key, b"HEADER_TAG:", _TAG_SIZE)
        self._latest: tuple[int, AESGCM] | None = None

    def seal(self, position: int, plain: bytes | memoryview) -> bytes:
        """Seal a full segment that others follow."""
        return self._seal(position, b"\0", _CONTINUES, plain)

    def seal_last(self, position: int, plain: bytes | memoryview) -> bytes:
        """Seal the segment that ends the body; it may be empty."""
        length = struct.pack(">I", len(plain) + _SEGMENT_OVERHEAD)
        return self._seal(position, b"\1", length, plain)

    def open(self, position: int, sealed: memoryview) -> bytes:
        """Open a segment that others must follow; raises TrailingBytes or BadSegment."""
        if sealed[:4] != _CONTINUES:
            raise self._misplaced_end(position, sealed)
        return self._open(position, b"\0", sealed)

    def open_last(self, position: int, sealed: memoryview) -> bytes:
        """Open the segment that must end the body; raises Truncated, TrailingBytes or BadSegment."""
        if sealed[:4] != struct.pack(">I", len(sealed)):
            raise self._misplaced_end(position, sealed)
        return self._open(position, b"\1", sealed)

    def _seal(self, position: int, flag: bytes, word: bytes, plain: bytes | memoryview) -> bytes:
        nonce = os.urandom(_NONCE_SIZE)
        sealed = self._aead(position).encrypt(nonce, plain, position.to_bytes(8, "big") + flag)
        return b"".join((word, nonce, sealed))

    def _open(self, position: int, flag: bytes, sealed: memoryview) -> bytes:
        try:
            return self._aead(position).decrypt(sealed[4:16], sealed[16:], position.to_bytes(8, "big") + flag)
        except InvalidTag:
            raise BadSegment(position) from None

    def _misplaced_end(self, position: int, sealed: memoryview) -> CannotOpen:
        """Name the likely cause from the length word, which no tag covers: the name is a hint."""
        stated = int.from_bytes(sealed[:4], "big")
        if sealed[:4] == _CONTINUES or len(sealed) < stated <= self.parameters.segment_length:
            return Truncated(position)
        if _SEGMENT_OVERHEAD <= stated <= len(sealed):
            return TrailingBytes(position)
        return BadSegment(position)

    def _aead(self, position: int) -> AESGCM:
        start = position >> self.parameters.rotation_bits << self.parameters.rotation_bits
        latest = self._latest
        if latest is None or latest[0] != start:
            key = self._derive(self._message_key, b"DEK:" + start.to_bytes(8, "big"), 32)
            self._latest = latest = (start, AESGCM(key))
        return latest[1]

    def _derive(self, key: bytes, purpose: bytes, length: int) -> bytes:
        return expand(key, b"".join((self._salt, purpose, self._aad)), length)


def begin(parameters: Parameters, key: bytes, aad: bytes) -> tuple[bytes, SegmentCipher]:
    """Start a new body: its 74 header bytes and its cipher."""
    iv = os.urandom(_IV_SIZE)
    cipher = SegmentCipher(parameters, key, iv, aad)
    return parameters.encoded + iv + cipher.header_tag, cipher


def resume(parameters: Parameters, key: bytes, aad: bytes, header: bytes) -> SegmentCipher:
    """Return the cipher of a stored body, its header tag checked; raises BadParameters or BadHeaderTag."""
    if header[:10] != parameters.encoded:
        raise BadParameters(header[:10])
    cipher = SegmentCipher(parameters, key, header[10:42], aad)
    if not compare_digest(cipher.header_tag, header[42:]):
        raise BadHeaderTag
    return cipher


class Writer:
    """Cuts what is written into segments and passes each to `sink` as soon as more follows.

    When `sink` raises, the body is lost: start a new one.
    """

    def __init__(self, cipher: SegmentCipher, sink: Callable[[bytes], object]) -> None:
        self._cipher = cipher
        self._sink = sink
        self._plain_length = cipher.parameters.plain_length
        self._pending = bytearray()
        self._position = 0
        self._is_finished = False

    @property
    def plain_size(self) -> int:
        """Plaintext bytes taken so far."""
        return self._position * self._plain_length + len(self._pending)

    def write(self, data: bytes | memoryview) -> None:
        """Take any number of bytes. A full segment is held back, because it may be the last."""
        if self._is_finished:
            raise AlreadyFinished
        view = memoryview(data).cast("B")
        if self._pending and len(self._pending) + len(view) > self._plain_length:
            view = self._complete_pending(view)
        while len(view) > self._plain_length:
            self._seal(view[: self._plain_length])
            view = view[self._plain_length :]
        self._pending += view

    def finish(self) -> None:
        """Write the last segment, also of an empty body."""
        if self._is_finished:
            raise AlreadyFinished
        self._is_finished = True
        self._sink(self._cipher.seal_last(self._position, memoryview(self._pending)))

    def _complete_pending(self, view: memoryview) -> memoryview:
        room = self._plain_length - len(self._pending)
        self._pending += view[:room]
        self._seal(memoryview(self._pending))
        self._pending = bytearray()
        return view[room:]

    def _seal(self, plain: memoryview) -> None:
        self._sink(self._cipher.seal(self._position, plain))
        self._position += 1


class Reader:
    """Reads any range of a body of `size` sealed bytes; raises Truncated if no body can be that short."""

    def __init__(self, cipher: SegmentCipher, size: int) -> None:
        self._cipher = cipher
        self._size = size
        self._last, rest = divmod(size - 1, cipher.parameters.segment_length)
        if size <= 0 or rest + 1 < _SEGMENT_OVERHEAD:
            raise Truncated(max(self._last, 0))
        self.plain_size = self._last * cipher.parameters.plain_length + rest + 1 - _SEGMENT_OVERHEAD

    def read(self, read_at: ReadAt, start: int, stop: int) -> Iterator[bytes]:
        """Yield plaintext [start, stop), each piece after its tag held; `read_at` counts from the body.

        A range that ends at `plain_size`, also an empty one, opens the last segment and so proves the size.
        """
        if not 0 <= start <= stop <= self.plain_size:
            raise BadRange(start, stop, self.plain_size)
        return self._read(read_at, start, stop)

    def _read(self, read_at: ReadAt, start: int, stop: int) -> Iterator[bytes]:
        length = self._cipher.parameters.plain_length
        first = min(start // length, self._last)
        end = self._last if stop == self.plain_size else (stop - 1) // length
        if start == stop < self.plain_size:
            return
        for position, plain in self._segments(read_at, first, end):
            offset = position * length
            wanted = plain[max(start - offset, 0) : stop - offset]
            if wanted:
                yield wanted

    def _segments(self, read_at: ReadAt, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        length = self._cipher.parameters.segment_length
        at_once = max(_READ_AT_ONCE // length, 1)
        for batch in range(first, end + 1, at_once):
            batch_end = min(batch + at_once, end + 1)
            sealed = self._fetch(read_at, batch * length, min(batch_end * length, self._size))
            for position in range(batch, batch_end):
                segment = sealed[(position - batch) * length :][:length]
                is_last = position == self._last
                open_segment = self._cipher.open_last if is_last else self._cipher.open
                yield position, open_segment(position, segment)

    def _fetch(self, read_at: ReadAt, offset: int, stop: int) -> memoryview:
        sealed = memoryview(read_at(offset, stop - offset))
        if len(sealed) != stop - offset:
            raise Truncated((offset + len(sealed)) // self._cipher.parameters.segment_length)
        return sealed
