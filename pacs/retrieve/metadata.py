"""The headers of instances in the DICOM JSON Model: from a series' stored blob, or read on the spot.

The blob (`pacs/derived/build.py`) holds, compressed with gzip, one JSON object a line, each line but the last
ending in a comma, behind a first line that names this form. BulkDataURIs in it begin with a mark in place of
the address of the service, so that it is good for every root under which it is asked for.
"""

import json
import uuid
import zlib
from collections.abc import Iterable, Iterator

from pacs import access
from pacs.dicom.dicom_json import JsonObject, header_json
from pacs.models import Instance, Series
from pacs.retrieve.files import opened
from pacs.retrieve.opened import OpenedInstance
from pacs.storage.sealed import SealedReader
from tenants import entry
from tenants.permissions import Actor

FORM = b"series metadata 1\n"
_ROOT = "root:"
# A quotation mark inside a value is escaped in JSON, so this can only be the key itself.
_MARK = b'"BulkDataURI":"' + _ROOT.encode()
_LINES_AT_ONCE = 64
_GZIP = 31


class SeriesMetadata:
    """The metadata of one series. Made in the clinic's scope; may be read outside."""

    def __init__(self, actor: Actor, series: Series) -> None:
        self._tenant_id = series.tenant_id
        self._names = series.study.study_uid, series.series_uid
        self._rows = access.instances_of(actor, series.study, series).values_list("pk", flat=True)
        self._reader = None
        if series.metadata_version == series.version and series.metadata_blob is not None:
            self._reader = SealedReader(series.metadata_blob)

    def text(self, root: str) -> Iterator[bytes]:
        """Yield the objects, a line each and each line but the last with a comma, in pieces of whole lines.

        BulkDataURIs begin with `root`, such as `/c/north/dicom-web`.
        """
        uri = b'"BulkDataURI":' + json.dumps(root, ensure_ascii=False).encode().removesuffix(b'"')
        for piece in self._pieces():
            yield piece.replace(_MARK, uri)

    def objects(self, root: str) -> Iterator[JsonObject]:
        """Yield the objects one by one."""
        for piece in self.text(root):
            for line in piece.split(b"\n"):
                if line:
                    yield json.loads(line.removesuffix(b","))

    def _pieces(self) -> Iterator[bytes]:
        stored = _whole_lines(_inflated(self._reader.whole())) if self._reader is not None else iter(())
        first = next(stored, b"")
        if first.startswith(FORM):
            yield first.removeprefix(FORM)
            yield from stored
        else:
            yield from self._read_now()

    def _read_now(self) -> Iterator[bytes]:
        with entry.enter(self._tenant_id):
            ids: list[uuid.UUID] = list(self._rows)
        return separated(instance_line(one, *self._names) for one in opened(self._tenant_id, ids))


def instance_object(row: Instance, root: str) -> JsonObject:
    """Return the metadata of one instance, whose study and series came with the row."""
    return _model(OpenedInstance(row), row.study.study_uid, row.series.series_uid, root)


def instance_line(instance: OpenedInstance, study_uid: str, series_uid: str) -> bytes:
    """Return the metadata of one instance as a line of the stored form, without its end."""
    model = _model(instance, study_uid, series_uid, _ROOT)
    return json.dumps(model, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def separated(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends, a comma before each but the last, many at once."""
    waiting: list[bytes] = []
    for line in lines:
        if waiting:
            waiting[-1] += b",\n"
        if len(waiting) == _LINES_AT_ONCE:
            yield b"".join(waiting)
            waiting.clear()
        waiting.append(line)
    yield b"".join(waiting) + (b"\n" if waiting else b"")


def _model(instance: OpenedInstance, study_uid: str, series_uid: str, root: str) -> JsonObject:
    of_series = f"{root}/studies/{study_uid}/series/{series_uid}"
    return header_json(
        instance.header_parts(),
        instance.layout,
        bulk_root=f"{of_series}/instances/{instance.sop_uid}/bulk",
        study_uid=study_uid,
        series_uid=series_uid,
    )


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        yield inflater.decompress(chunk)
    yield inflater.flush()


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, cut behind line ends alone."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if cut:
            yield data[:cut]
    if rest:
        yield rest
