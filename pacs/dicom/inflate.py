"""Inflate a deflated data set as it arrives, within limits (PS3.5 A.5).

Zlib alone would follow a bomb to its end.
"""

import struct
import zlib
from collections.abc import Iterator

from pacs.dicom.headers import Chunk
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused

_PIECE = 256 * 1024


class Inflater:
    """Turns deflated bytes into pieces of at most 256 KiB."""

    def __init__(self, limits: Limits) -> None:
        self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        self._limits = limits
        self._taken = 0
        self._given = 0
        self._checksum = 0
        self._behind = b""  # the stream: the start of padding, or the trailer
        self._is_padding = True

    def feed(self, chunk: Chunk) -> Iterator[bytes]:
        """Yield what these bytes become.

        Raises Refused: broken stream, too large, or bytes behind its end.
        """
        self._taken += len(chunk)
        rest: Chunk = chunk
        is_full = False
        while (rest or is_full) and not self._zlib.eof:
            piece = self._piece(rest)
            yield piece
            rest = self._zlib.unconsumed_tail or self._zlib.unused_data
            is_full = len(piece) == _PIECE  # zlib may hold back more
        self._note_behind(bytes(rest))

    def finish(self) -> None:
        """Refuse a stream that has not ended."""
        if not self._zlib.eof:
            raise Refused(Reason.TRUNCATED, inflated=self._given)
        if not self._is_padding and self._behind != self._trailer():
            raise Refused(Reason.TRAILING_BYTES)

    def _note_behind(self, rest: bytes) -> None:
        """Let NULs pass, however many: Orthanc 1.10 leaves a buffer's unused half behind what it received deflated."""
        trailer = self._trailer()
        self._behind = (self._behind + rest[: len(trailer) + 1])[: len(trailer) + 1]
        self._is_padding = self._is_padding and rest.count(0) == len(rest)
        if not self._is_padding and not trailer.startswith(self._behind):
            raise Refused(Reason.TRAILING_BYTES)

    def _trailer(self) -> bytes:
        """Return what some writers leave behind the stream: the trailer of gzip (RFC 1952 §2.3.1)."""
        return struct.pack("<LL", self._checksum, self._given & 0xFFFFFFFF)

    def _piece(self, deflated: Chunk) -> bytes:
        try:
            piece = self._zlib.decompress(deflated, _PIECE)
        except zlib.error as error:
            raise Refused(Reason.INFLATE_BROKEN, inflated=self._given) from error
        self._given += len(piece)
        self._checksum = zlib.crc32(piece, self._checksum)
        limit = self._limits.inflated_from(self._taken)
        if self._given > limit:
            raise Refused(Reason.INFLATE_TOO_LARGE, limit=limit)
        return piece
