"""Sealed blobs over the primary store: written under the clinic's key as they arrive, opened in ranges.

A writer and a reader take the clinic's keys while its scope is entered; after that they need neither scope nor
database, so a streamed answer may go on reading when the request's scope has closed.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pacs.storage.placement import primary_store
from pacs.storage.store import BlobError, BlobKey
from tenants import entry
from tenants.crypto.envelope import Kind, Opener, Sealed, Sealer
from tenants.scope import current_tenant_id

CHUNK = 4 * 2**20


class BlobRow(Protocol):
    """What the database keeps of a blob; here to open it, there a model."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def header(self) -> bytes | memoryview: ...
    @property
    def sealed_size(self) -> int: ...


@dataclass(frozen=True)
class NewBlob:
    """A finished blob, as its row is to be made."""

    id: uuid.UUID
    kind: int
    plain_size: int
    sealed_size: int
    sealed_sha256: bytes
    header: bytes


class NotFinished(RuntimeError):
    """A writer was asked for its row before it was finished: a mistake of the caller."""


class SealedWriter:
    """One blob on its way into the primary store. Nobody sees it before `commit_all`; `abort` drops it."""

    def __init__(self, kind: Kind) -> None:
        self.blob_id = uuid.uuid4()
        self.kind = kind
        self._writer = primary_store().create(BlobKey(current_tenant_id(), self.blob_id))
        self._sealer = Sealer(self._writer.write, keyring=entry.keyring(), object_id=self.blob_id, kind=kind)
        self._sealed: Sealed | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Seal and write the next bytes; raises StoreUnavailable."""
        self._sealer.write(data)

    def finish(self) -> Sealed:
        """Write the last segment; the blob is complete but not yet durable."""
        if self._sealed is None:
            self._sealed = self._sealer.finish()
        return self._sealed

    def abort(self) -> None:
        """Drop what was written; does nothing after a commit."""
        self._writer.abort()

    def blob(self) -> NewBlob:
        """Return what its row is made of; raises NotFinished."""
        sealed = self._finished()
        return NewBlob(
            id=self.blob_id,
            kind=int(self.kind),
            plain_size=sealed.plain_size,
            sealed_size=sealed.size,
            sealed_sha256=sealed.sha256,
            header=sealed.header,
        )

    def _finished(self) -> Sealed:
        if self._sealed is None:
            raise NotFinished
        return self._sealed

    @staticmethod
    def commit_all(writers: Sequence["SealedWriter"]) -> list[BlobError | None]:
        """Make finished blobs durable together; one outcome for each, in order: None, or why it is not stored."""
        return primary_store().commit_all([(writer._writer, writer._finished().sha256) for writer in writers])


class SealedReader:
    """Opens ranges of one stored blob. Made inside the clinic's scope, usable outside it."""

    def __init__(self, blob: BlobRow) -> None:
        self._store = primary_store()
        self._key = BlobKey(current_tenant_id(), blob.id)
        self._opener = Opener(
            bytes(blob.header),
            keyring=entry.keyring(),
            tenant_id=current_tenant_id(),
            object_id=blob.id,
            size=blob.sealed_size,
        )
        self.plain_size = self._opener.plain_size

    def read(self, start: int, stop: int) -> bytes:
        """Return plaintext [start, stop); raises CannotOpen, BlobMissing or StoreUnavailable."""
        return b"".join(self.stream(start, stop))

    def stream(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield plaintext [start, stop) in pieces of at most 4 MiB, each after its tags held."""
        return self._opener.read(self._read_at, start, stop)

    def whole(self) -> Iterator[bytes]:
        """Yield all of the plaintext; its end is proven."""
        return self.stream(0, self.plain_size)

    def sha256(self) -> bytes:
        """Return the digest of all of the plaintext."""
        digest = hashlib.sha256()
        for chunk in self.whole():
            digest.update(chunk)
        return digest.digest()

    def _read_at(self, offset: int, length: int) -> bytes:
        return self._store.read(self._key, offset, length)


def write_sealed(data: bytes, kind: Kind) -> NewBlob:
    """Store bytes that fit in memory, durably; raises BlobError."""
    writer = SealedWriter(kind)
    writer.write(data)
    writer.finish()
    outcome = SealedWriter.commit_all([writer])[0]
    if outcome is not None:
        raise outcome
    return writer.blob()
