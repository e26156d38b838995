"""Blobs on a local disk: written beside the store's tree, synced, then linked into it under their name.

A crash at any point leaves the whole blob or none of it; at worst a file in ``incoming/``, which
``sweep_stale`` removes. Made for Linux: ``fdatasync`` and ``posix_fadvise`` are used as they are.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pacs.storage.disk_writer import DiskWriter
from pacs.storage.store import (
    BlobError,
    BlobExists,
    BlobKey,
    BlobMissing,
    BlobWriter,
    NotABlobPath,
    StoreUnavailable,
)

_CHUNK = 1 << 20
_INCOMING = "incoming"  # can never be a tenant's folder: those are UUIDs


class DiskStore:
    """A BlobStore in a folder of a POSIX file system with hard links.

    Every folder and file in it is open to its owner alone.
    """

    def __init__(self, location: str | Path) -> None:
        self._root = Path(location)
        self._known: set[Path] = set()  # folders that this process has seen durable

    def create(self, key: BlobKey) -> DiskWriter:
        try:
            return DiskWriter(key, self._new_temporary(key), self.commit_all)
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def commit_all(self, writers: Sequence[tuple[BlobWriter, bytes]]) -> list[BlobError | None]:
        own = [(_own(writer), sha256) for writer, sha256 in writers]
        # All writes are under way before the first sync waits: twice as fast as syncing one by one.
        for writer, _ in own:
            writer.start_writeback()
        outcomes = [_outcome_of_sync(writer, sha256) for writer, sha256 in own]
        return self._publish([writer for writer, _ in own], outcomes)

    def read(self, key: BlobKey, offset: int, length: int) -> bytes:
        if offset < 0 or length < 1:
            raise ValueError
        descriptor = self._open(key)
        try:
            return b"".join(_pread(descriptor, offset, length))
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error
        finally:
            os.close(descriptor)

    def stream(self, key: BlobKey) -> Iterator[bytes]:
        descriptor = self._open(key)
        try:
            while chunk := os.read(descriptor, _CHUNK):
                yield chunk
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error
        finally:
            os.close(descriptor)

    def size(self, key: BlobKey) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise BlobMissing(key) from error
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def delete(self, key: BlobKey) -> None:
        path = self._path(key)
        try:
            path.unlink()
            _sync_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def keys(self, tenant_id: UUID) -> Iterator[BlobKey]:
        try:
            for folder in _names(self._root / str(tenant_id)):
                for name in _names(self._root / str(tenant_id) / folder):
                    with suppress(NotABlobPath):
                        yield BlobKey.from_path(f"{tenant_id}/{folder}/{name}")
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def sweep_stale(self, *, older_than: datetime) -> int:
        """This will remove what crashed writers left behind, if last written before ``older_than`` (aware).

        Returns how many. Choose a time no living upload can be older than: its file would vanish under it.
        """
        swept = 0
        for name in _names(self._root / _INCOMING):
            path = self._root / _INCOMING / name
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, key: BlobKey) -> Path:
        return self._root / key.path

    def _open(self, key: BlobKey) -> int:
        try:
            return os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise BlobMissing(key) from error
        except OSError as error:
            raise StoreUnavailable.from_os(error) from error

    def _new_temporary(self, key: BlobKey) -> Path:
        incoming = self._root / _INCOMING
        _make_lasting(incoming)
        return incoming / f"{key.object_id}.{secrets.token_hex(8)}"

    def _publish(self, writers: list[DiskWriter], outcomes: list[BlobError | None]) -> list[BlobError | None]:
        """Link each synced file under its name, then make all the new names durable together."""
        folders: set[Path] = set()
        for at, writer in enumerate(writers):
            if outcomes[at] is None:
                outcomes[at] = self._outcome_of_link(writer, folders)
            writer.discard_temporary()
        faults = _sync_folders(folders)
        for at, writer in enumerate(writers):
            if outcomes[at] is None:
                outcomes[at] = self._outcome_of_folder_sync(writer.key, faults)
        self._known |= folders - faults.keys()
        return outcomes

    def _outcome_of_link(self, writer: DiskWriter, folders: set[Path]) -> BlobError | None:
        path = self._path(writer.key)
        try:
            folders |= self._make_folder(path.parent)
            os.link(writer.temporary, path)  # unlike rename, link never replaces
        except FileExistsError:
            return BlobExists(writer.key)
        except OSError as error:
            self._known.discard(path.parent)
            return StoreUnavailable.from_os(error)
        folders.add(path.parent)
        return None

    def _make_folder(self, folder: Path) -> set[Path]:
        """Make a blob's folder. Returns the folders above it whose names are not surely durable.

        Also if it is there already: another process may have made it a moment ago and not synced yet.
        """
        if folder in self._known:
            return set()
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return {folder.parent, folder.parent.parent}

    def _outcome_of_folder_sync(self, key: BlobKey, faults: dict[Path, OSError]) -> BlobError | None:
        folder = self._path(key).parent
        for at_risk in (folder, folder.parent, folder.parent.parent):
            if at_risk in faults:
                with suppress(OSError):
                    self._path(key).unlink()
                return StoreUnavailable.from_os(faults[at_risk])
        return None


def _own(writer: BlobWriter) -> DiskWriter:
    if not isinstance(writer, DiskWriter):
        raise TypeError(writer)
    writer.refuse_if_ended()
    return writer


def _outcome_of_sync(writer: DiskWriter, sha256: bytes) -> BlobError | None:
    try:
        writer.sync(sha256)
    except BlobError as error:
        return error
    return None


def _pread(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    while length > 0 and (piece := os.pread(descriptor, length, offset)):
        yield piece
        offset += len(piece)
        length -= len(piece)


def _make_lasting(folder: Path) -> None:
    """Make a folder with those above it: a store whose own name a power cut can take is none."""
    if not folder.is_dir():
        _make_lasting(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folders(folders: Iterable[Path]) -> dict[Path, OSError]:
    faults: dict[Path, OSError] = {}
    for folder in folders:
        try:
            _sync_folder(folder)
        except OSError as error:
            faults[folder] = error
    return faults


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
