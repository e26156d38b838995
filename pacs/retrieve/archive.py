"""Many instances as one ZIP, written while it is sent, in constant memory. Names in it are our own: no UID, no name."""

import uuid
import zipfile
from collections.abc import Iterator, Sequence
from io import RawIOBase
from typing import TYPE_CHECKING

from pacs.dicom.syntaxes import syntax
from pacs.retrieve.files import Listed, opened

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_FASTEST, _AS_IT_IS = 1, 0


class _Sink(RawIOBase):
    """A file that cannot be sought, emptied as often as one likes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Tell `zipfile` so."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Keep the bytes until they are drained."""
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def drain(self) -> Iterator[bytes]:
        """Yield what was written since the last time."""
        parts, self._parts = self._parts, []
        yield from parts


def file_names(files: Sequence[Listed]) -> list[str]:
    """Return a name for each file: numbered series, and in each its images, numbered in viewing order."""
    numbers: dict[uuid.UUID, int] = {}
    images: dict[uuid.UUID, int] = {}
    names = []
    for file in files:
        number = numbers.setdefault(file.series_id, len(numbers) + 1)
        images[file.series_id] = images.get(file.series_id, 0) + 1
        names.append(f"series-{number:03d}/image-{images[file.series_id]:05d}.dcm")
    return names


def zipped(tenant_id: uuid.UUID, files: Sequence[Listed]) -> Iterator[bytes]:
    """Yield a ZIP of these files. Compressed images are not compressed again; 4 GiB are no limit."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        instances = opened(tenant_id, [file.id for file in files])
        for name, file, instance in zip(file_names(files), files, instances, strict=True):
            is_plain = syntax(file.transfer_syntax_uid).may_be_native
            # Always the deflate method, if need be without compressing: stored entries of unknown size,
            # as a stream has them, cannot be read by every program.
            archive.compresslevel = _FASTEST if is_plain else _AS_IT_IS
            with archive.open(name, "w", force_zip64=True) as entry:
                for chunk in instance.file():
                    entry.write(chunk)
                    yield from sink.drain()
        yield from sink.drain()
    yield from sink.drain()
