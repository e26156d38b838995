"""What every store of sealed blobs promises, whatever it is made of.

A blob is written once, never changed, and read whole or in ranges. Nothing here knows what the bytes mean.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

_PATH = re.compile(r"(?P<tenant>[0-9a-f-]{36})/(?P<first>[0-9a-f]{2})/(?P<object>[0-9a-f-]{36})")
_PASSING = {
    errno.EAGAIN,
    errno.EINTR,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
}


@dataclass(frozen=True, slots=True, order=True)
class BlobKey:
    """Names one blob in every store. An object id is never used twice, not even after a delete."""

    tenant_id: UUID
    object_id: UUID

    def __post_init__(self) -> None:
        # A key becomes a path: a string that merely looks like a UUID must not get this far.
        if not (isinstance(self.tenant_id, UUID) and isinstance(self.object_id, UUID)):
            raise TypeError

    @property
    def folder(self) -> str:
        return f"{self.tenant_id}/{str(self.object_id)[:2]}"

    @property
    def path(self) -> str:
        """``<tenant uuid>/<first two digits of object uuid>/<object uuid>``, in every store."""
        return f"{self.folder}/{self.object_id}"

    @classmethod
    def from_path(cls, path: str) -> "BlobKey":
        """The inverse of ``path``. Raises NotABlobPath for anything that ``path`` would not have written."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise NotABlobPath
        try:
            key = cls(UUID(match["tenant"]), UUID(match["object"]))
        except ValueError as error:
            raise NotABlobPath from error
        if key.path != path:
            raise NotABlobPath
        return key


class NotABlobPath(ValueError):
    """The path is not that of a blob: a stranger's file lies in the store."""


class BlobError(Exception):
    """Base of what a store can answer instead of doing what it was asked."""


class BlobMissing(BlobError):
    """The store has no blob of this key."""

    def __init__(self, key: BlobKey) -> None:
        super().__init__(key)
        self.key = key


class BlobExists(BlobError):
    """A blob of this key is there already and was left untouched."""

    def __init__(self, key: BlobKey) -> None:
        super().__init__(key)
        self.key = key


class StoreUnavailable(BlobError):
    """The store could not do it.

    ``permanent``: waiting will not help, a person has to act (full, forbidden, broken).
    """

    def __init__(self, fault: str, *, permanent: bool) -> None:
        super().__init__(fault)
        self.fault = fault
        self.permanent = permanent

    @classmethod
    def from_os(cls, error: OSError) -> "StoreUnavailable":
        """A failed system call in the store's words. Only what passes by itself is not permanent."""
        fault = errno.errorcode.get(error.errno or 0, type(error).__name__)
        return cls(fault, permanent=error.errno not in _PASSING)


class BlobMangled(StoreUnavailable):
    """What arrived is not what the digest names. It was not kept; writing it again may succeed."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault, permanent=False)


class WriterHasEnded(RuntimeError):
    """The writer was committed or aborted before: a mistake of the caller."""


class BlobWriter(Protocol):
    """One blob on its way into a store. Nobody can see it before ``commit``. Not for use by two threads."""

    @property
    def key(self) -> BlobKey: ...

    def write(self, data: bytes | memoryview) -> None:
        """This will append ``data``.

        Raises StoreUnavailable; the writer is aborted then.
        """

    def commit(self, sha256: bytes) -> None:
        """This will make the blob durable and visible, all of it or nothing, and end the writer.

        Once it returns, neither a crash nor a power cut loses the blob. ``sha256`` is the digest of all that
        was written. Raises BlobExists if the key is taken (exactly one of several writers wins), BlobMangled
        if the bytes do not have that digest, StoreUnavailable otherwise. After an error the blob does not
        count as stored, though a store that went away may yet hold an orphan of it.
        """

    def abort(self) -> None:
        """This will drop what was written. Idempotent, raises nothing, does nothing after ``commit``."""


class BlobStore(Protocol):
    """A place for blobs. Safe for use by many threads and processes at once."""

    def create(self, key: BlobKey) -> BlobWriter:
        """This will begin a blob; whether its key is free shows at commit.

        Raises StoreUnavailable. The caller ends the writer, by commit or abort.
        """

    def commit_all(self, writers: Sequence[tuple[BlobWriter, bytes]]) -> list[BlobError | None]:
        """This will commit many writers of this store at once, much faster than one after the other.

        One outcome per pair of writer and SHA-256, in order: None if that blob is durable, otherwise the
        error that ``BlobWriter.commit`` would have raised. One blob's failure does not touch the others.
        """

    def read(self, key: BlobKey, offset: int, length: int) -> bytes:
        """This will return the bytes from ``offset``, ``length`` (≥ 1) of them, fewer only at the blob's end.

        Past the end it is empty. One round trip, nothing is fetched beyond the range. Raises BlobMissing,
        StoreUnavailable.
        """

    def stream(self, key: BlobKey) -> Iterator[bytes]:
        """This will yield the whole blob in chunks, in constant memory.

        The first ``next`` raises BlobMissing, any may raise StoreUnavailable.
        """

    def size(self, key: BlobKey) -> int:
        """This will return the blob's length in bytes. Raises BlobMissing, StoreUnavailable."""

    def delete(self, key: BlobKey) -> None:
        """This will durably remove the blob; a blob that is not there is no error. Raises StoreUnavailable.

        A store that keeps versions (a versioned or locked bucket) still has the old one after this.
        """

    def keys(self, tenant_id: UUID) -> Iterator[BlobKey]:
        """This will yield the key of each blob of a tenant, in no promised order.

        Blobs that come or go meanwhile may or may not show. Files that are no blobs are passed over. Raises
        StoreUnavailable.
        """
