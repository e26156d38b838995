"""The sealed object: 178 header bytes that name and bind it, then its FLOE body (FORMAT.md §3).

An object opens with its tenant's key and nothing else.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tenants.crypto import stream
from tenants.crypto.kdf import expand
from tenants.crypto.keyring import PROVIDER, Keyring, KeyUnavailable, TenantKey
from tenants.crypto.stream import (
    AlreadyFinished,
    BadHeaderTag,
    BadParameters,
    BadRange,
    BadSegment,
    CannotOpen,
    ReadAt,
    TrailingBytes,
    Truncated,
)

__all__ = [
    "HEADER_SIZE",
    "MAGIC",
    "SUITE_1",
    "AlreadyFinished",
    "BadDataKey",
    "BadHeaderTag",
    "BadParameters",
    "BadRange",
    "BadSegment",
    "CannotOpen",
    "KeyUnavailable",
    "Kind",
    "NotSealed",
    "Opener",
    "Sealed",
    "Sealer",
    "TrailingBytes",
    "Truncated",
    "UnknownFlag",
    "UnknownKind",
    "UnknownSuite",
    "UnknownVersion",
    "WrongObject",
    "WrongTenant",
    "open_bytes",
    "seal_bytes",
]

HEADER_SIZE = 178
MAGIC = b"\x89PSE\r\n\x1a\n"
SUITE_1 = stream.Parameters(segment_length=65536)

_VERSION = 1
_SUITE = 1
_NO_FLAGS = 0
_DATA_KEY_SIZE = 32
_LAYOUT = struct.Struct(">8sBBBB16s16s16sI40s74s")
_AAD = b"pse1\0"
_KEY_WRAP = b"pse1/kw\0"
_BOUND = slice(8, 44)
"""Version, suite, kind, flags, tenant and object: what the header tag and every segment key depend on."""


class Kind(IntEnum):
    """What an object holds. Part of what is authenticated, so that one kind cannot pass for another."""

    INSTANCE = 1
    DERIVED = 2
    METADATA = 3
    AUDIT_SEGMENT = 4
    DATABASE_DUMP = 5
    KEY_RING = 6
    EXPORT = 7
    DOCUMENT = 8
    KEY_OVERRIDES = 9


_KINDS = frozenset(Kind)
_OUTLIVES_TENANTS = {Kind.AUDIT_SEGMENT, Kind.DATABASE_DUMP}


class NotSealed(CannotOpen):
    """These bytes are no sealed object. They are never taken for plain ones."""


class UnknownVersion(CannotOpen):
    """A version of the envelope that this release does not know. Carries it."""


class UnknownSuite(CannotOpen):
    """A cipher suite that this release does not know. Carries it."""


class UnknownKind(CannotOpen):
    """A kind of object that this release does not know. Carries it."""


class UnknownFlag(CannotOpen):
    """A flag is set; version 1 has none. Carries the flags."""


class WrongTenant(CannotOpen):
    """The object, or the keyring, belongs to another tenant than the caller's."""


class WrongObject(CannotOpen):
    """The header is that of another object than the one that was asked for."""


class BadDataKey(CannotOpen):
    """The data key does not unwrap: it was altered, or wrapped for another object or under another key."""


@dataclass(frozen=True)
class Sealed:
    """What the database keeps of an object: its header, and size in bytes and SHA-256 of the whole of it."""

    header: bytes
    size: int
    sha256: bytes
    plain_size: int


class _Header(NamedTuple):
    magic: bytes
    version: int
    suite: int
    kind: int
    flags: int
    tenant_id: bytes
    object_id: bytes
    key_id: bytes
    key_version: int
    wrapped_key: bytes
    floe: bytes


class Sealer:
    """Seals a stream into `sink` as it is written; at most one segment waits in memory.

    The object exists once `finish` has returned. When `sink` raises, it is lost: start one with another id.
    """

    def __init__(
        self, sink: Callable[[bytes], object], *, keyring: Keyring, object_id: UUID, kind: Kind
    ) -> None:
        self._sink = sink
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._header, cipher = _new_header(keyring, object_id, kind)
        self._writer = stream.Writer(cipher, self._emit)
        self._emit(self._header)

    def write(self, data: bytes | memoryview) -> None:
        """Take any number of bytes."""
        self._writer.write(data)

    def finish(self) -> Sealed:
        """Write the last segment and return what to remember of the object."""
        self._writer.finish()
        return Sealed(self._header, self._size, self._sha256.digest(), self._writer.plain_size)

    def _emit(self, sealed: bytes) -> None:
        self._sha256.update(sealed)
        self._size += len(sealed)
        self._sink(sealed)


class Opener:
    """Opens ranges of one object, after its header was checked in the order of FORMAT.md §6.

    `size` is the whole object's size in bytes as the database has it, never as the store states it.
    """

    def __init__(
        self, header: bytes, *, keyring: Keyring, tenant_id: UUID, object_id: UUID, size: int
    ) -> None:
        parsed = _parse(header)
        if not (tenant_id.bytes == parsed.tenant_id == keyring.tenant_id.bytes):
            raise WrongTenant(tenant_id)
        if object_id.bytes != parsed.object_id:
            raise WrongObject(object_id)
        data_key = _unwrap_data_key(parsed, keyring)
        cipher = stream.resume(SUITE_1, data_key, _AAD + header[_BOUND], parsed.floe)
        self._reader = stream.Reader(cipher, size - HEADER_SIZE)
        self.kind = Kind(parsed.kind)
        self.plain_size = self._reader.plain_size

    def read(self, read_at: ReadAt, start: int, stop: int) -> Iterator[bytes]:
        """Yield plaintext [start, stop), each piece after its tag held; `read_at` gets (offset, length).

        Up to 4 MiB cost one `read_at`. A range that ends at `plain_size`, also an empty one, opens the last
        segment and so proves the size; any other says nothing about what lies behind it. Raises BadRange at
        once, and BadSegment, Truncated or TrailingBytes while it yields.
        """
        return self._reader.read(lambda offset, length: read_at(HEADER_SIZE + offset, length), start, stop)


def seal_bytes(
    data: bytes | memoryview, *, keyring: Keyring, object_id: UUID, kind: Kind
) -> tuple[bytes, Sealed]:
    """Seal what fits in memory: the object and what to remember of it."""
    parts: list[bytes] = []
    sealer = Sealer(parts.append, keyring=keyring, object_id=object_id, kind=kind)
    sealer.write(data)
    sealed = sealer.finish()
    return b"".join(parts), sealed


def open_bytes(sealed: bytes | memoryview, *, keyring: Keyring, tenant_id: UUID, object_id: UUID) -> bytes:
    """Open a whole object; nothing is returned unless all of it holds."""
    view = memoryview(sealed)
    opener = Opener(
        bytes(view[:HEADER_SIZE]), keyring=keyring, tenant_id=tenant_id, object_id=object_id, size=len(view)
    )
    return b"".join(opener.read(lambda offset, length: view[offset : offset + length], 0, opener.plain_size))


def _new_header(keyring: Keyring, object_id: UUID, kind: Kind) -> tuple[bytes, stream.SegmentCipher]:
    tenant_id, key = keyring.tenant_id, keyring.current()
    if kind in _OUTLIVES_TENANTS and tenant_id != PROVIDER:
        raise WrongTenant(tenant_id)
    bound = bytes((_VERSION, _SUITE, kind, _NO_FLAGS)) + tenant_id.bytes + object_id.bytes
    named = key.key_id.bytes + struct.pack(">I", key.version)
    data_key = os.urandom(_DATA_KEY_SIZE)
    wrapped = aes_key_wrap(_wrap_key(key, bound[4:] + named), data_key)
    floe, cipher = stream.begin(SUITE_1, data_key, _AAD + bound)
    return b"".join((MAGIC, bound, named, wrapped, floe)), cipher


def _unwrap_data_key(header: _Header, keyring: Keyring) -> bytes:
    key = keyring.get(UUID(bytes=header.key_id), header.key_version)
    named = header.key_id + struct.pack(">I", header.key_version)
    try:
        return aes_key_unwrap(_wrap_key(key, header.tenant_id + header.object_id + named), header.wrapped_key)
    except InvalidUnwrap:
        raise BadDataKey from None


def _wrap_key(key: TenantKey, names: bytes) -> bytes:
    """Bind the wrapping to tenant, object, key id and key version, for AES-KW has no associated data."""
    return expand(key.secret, _KEY_WRAP + names, 32)


def _parse(header: bytes) -> _Header:
    """Check what can be checked without a key."""
    if header[:8] != MAGIC:
        raise NotSealed
    if len(header) != HEADER_SIZE:
        raise Truncated(0)
    parsed = _Header(*_LAYOUT.unpack(header))
    if parsed.version != _VERSION:
        raise UnknownVersion(parsed.version)
    if parsed.suite != _SUITE:
        raise UnknownSuite(parsed.suite)
    if parsed.flags != _NO_FLAGS:
        raise UnknownFlag(parsed.flags)
    if parsed.kind not in _KINDS:
        raise UnknownKind(parsed.kind)
    return parsed
