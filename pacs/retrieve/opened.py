"""One stored instance, opened: its file, its header, its frames, each in the fewest ranged reads.

Made inside the clinic's scope; afterwards it needs neither scope nor database, so a streamed body may use it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydicom import Dataset

from pacs.dicom.frames import FrameIndex, FrameKind, NoSuchFrame, frame_ranges
from pacs.dicom.header import read_header
from pacs.dicom.inflate import Inflater
from pacs.dicom.layout import Layout
from pacs.dicom.limits import Limits
from pacs.dicom.meta import PREAMBLE_SIZE
from pacs.models import Instance
from pacs.storage.sealed import SealedReader

_PIXEL_DESCRIPTION = 0x0028
_INFLATED_AT_MOST = 64 * 2**20
"""A data set that is deflated is kept inflated up to this; a larger one is inflated anew for each range."""


class OpenedInstance:
    """The bytes of one instance. Every read raises CannotOpen, BlobMissing or StoreUnavailable."""

    def __init__(self, row: Instance) -> None:
        self._reader = SealedReader(row.blob)
        self._whole: bytes | None = None
        self._has_active_preamble = row.has_active_preamble
        self.sop_uid = row.sop_uid
        self.transfer_syntax_uid = row.transfer_syntax_uid
        self.size = row.plain_size
        self.layout = Layout.from_bytes(bytes(row.layout))
        self.frames = FrameIndex.from_bytes(bytes(row.frame_index))

    @property
    def pixel_vr(self) -> str:
        """The VR of Pixel Data, OW where the file does not say it."""
        pixels = self.layout.pixels
        return pixels.vr if pixels is not None and pixels.vr else "OW"

    @property
    def frame_count(self) -> int:
        """How many frames can be had alone; a video is one."""
        return 1 if self.frames.kind is FrameKind.STREAM else self.frames.number_of_frames

    def file(self) -> Iterator[bytes]:
        """Yield the file as it came, but for a preamble that another program could run: that is zeroed."""
        start = 0
        if self._has_active_preamble:
            start = PREAMBLE_SIZE
            yield b"\0" * PREAMBLE_SIZE
        yield from self._reader.stream(start, self.size)

    def header_parts(self) -> list[bytes]:
        """Return the bytes of `layout.header_ranges`."""
        return self._parts(self.layout)

    def header(self) -> Dataset:
        """Return the data set with all that describes its pixels, palettes of any size among it, but not them."""
        large = tuple(value for value in self.layout.large if value.tag >> 16 != _PIXEL_DESCRIPTION)
        return self._header(replace(self.layout, large=large))

    def whole_header(self) -> Dataset:
        """Return the data set without its pixels alone; all other values are held in memory."""
        return self._header(replace(self.layout, large=()))

    def frame(self, number: int) -> bytes:
        """Return the stored bytes of a frame, counted from 1. Raises NoSuchFrame."""
        ranges = frame_ranges(self.frames, number)
        if self.layout.is_deflated:
            return b"".join(self.frame_chunks(number))
        return self._joined(ranges)

    def frame_chunks(self, number: int) -> Iterator[bytes]:
        """Yield the stored bytes of a frame in constant memory. Raises NoSuchFrame."""
        for start, length in frame_ranges(self.frames, number):
            yield from self.stream(start, start + length)

    def check_frames(self, numbers: Sequence[int]) -> None:
        """Raise NoSuchFrame unless the instance has all of these frames."""
        for number in numbers:
            if not 1 <= number <= self.frame_count:
                raise NoSuchFrame(number)

    def frame_size(self, number: int) -> int:
        """Return how many bytes `frame` has."""
        return sum(length for _, length in frame_ranges(self.frames, number))

    def stream(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes [start, stop) of the file, counted as `Layout` does: a deflated data set inflated."""
        if not self.layout.is_deflated:
            return self._reader.stream(start, stop)
        if self.layout.dataset_end > _INFLATED_AT_MOST:
            return self._inflated(start, stop)
        offset = self.layout.dataset_offset
        if self._whole is None:
            self._whole = b"".join(self._inflated(offset, self.layout.dataset_end))
        return iter((self._whole[start - offset : stop - offset],))

    def _header(self, layout: Layout) -> Dataset:
        return read_header(self._parts(layout), layout)

    def _parts(self, layout: Layout) -> list[bytes]:
        return [self._reader.read(start, start + length) for start, length in layout.header_ranges]

    def _joined(self, ranges: Sequence[tuple[int, int]]) -> bytes:
        """Read pieces that lie side by side, but for item headers, at once."""
        first, last = ranges[0][0], ranges[-1][0] + ranges[-1][1]
        whole = self._reader.read(first, last)
        if len(ranges) == 1:
            return whole
        return b"".join(whole[start - first : start - first + length] for start, length in ranges)

    def _inflated(self, start: int, stop: int) -> Iterator[bytes]:
        inflater, offset = Inflater(Limits()), self.layout.dataset_offset
        for chunk in self._reader.stream(offset, self.size):
            for piece in inflater.feed(chunk):
                wanted = piece[max(start - offset, 0) : max(stop - offset, 0)]
                offset += len(piece)
                if wanted:
                    yield wanted
                if offset >= stop:
                    return
