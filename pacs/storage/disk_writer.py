"""One blob on its way onto a disk: written to a temporary file, hashed, synced."""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pacs.storage.store import (
    BlobError,
    BlobKey,
    BlobMangled,
    BlobWriter,
    StoreUnavailable,
    WriterHasEnded,
)

_WRITEBACK_EVERY = 8 << 20
_CommitAll = Callable[[Sequence[tuple[BlobWriter, bytes]]], list[BlobError | None]]


class DiskWriter:
    """A BlobWriter onto a temporary file in the store's own file system."""

    def __init__(self, key: BlobKey, temporary: Path, commit_all: _CommitAll) -> None:
        self._descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._commit_all = commit_all
        self._digest = hashlib.sha256()
        self._since_writeback = 0
        self._has_ended = False
        self.key = key
        self.temporary = temporary

    def write(self, data: bytes | memoryview) -> None:
        self.refuse_if_ended()
        try:
            _write_all(self._descriptor, data)
        except OSError as error:
            self.abort()
            raise StoreUnavailable.from_os(error) from error
        self._digest.update(data)
        self._since_writeback += len(data)
        if self._since_writeback >= _WRITEBACK_EVERY:
            self.start_writeback()

    def commit(self, sha256: bytes) -> None:
        (outcome,) = self._commit_all([(self, sha256)])
        if outcome is not None:
            raise outcome

    def abort(self) -> None:
        if not self._has_ended:
            self._close()
            self.discard_temporary()

    def start_writeback(self) -> None:
        """This will have the kernel begin to write what it still holds, without waiting for it."""
        self._since_writeback = 0
        if not self._has_ended:
            # DONTNEED queues dirty pages for writing; those that are dirty stay in the cache.
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self, sha256: bytes) -> None:
        """This will put the bytes on the disk, not yet under their name, and end the writer.

        An error of the sync is final: the kernel marks pages clean after a failed write, so a second sync
        would lie.
        """
        self.refuse_if_ended()
        try:
            if self._digest.digest() != sha256:
                raise BlobMangled("digest of written bytes")
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error
        finally:
            self._close()

    def discard_temporary(self) -> None:
        """This will remove the temporary name; the blob, if linked, keeps its own."""
        with suppress(OSError):
            self.temporary.unlink()

    def refuse_if_ended(self) -> None:
        """Raises WriterHasEnded after commit or abort."""
        if self._has_ended:
            raise WriterHasEnded

    def _close(self) -> None:
        self._has_ended = True
        with suppress(OSError):  # after a failed sync close may fail as well: nothing is trusted by then
            os.close(self._descriptor)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
