"""Check the structure of a file while it streams by, before anything in it is believed.

pydicom accepts truncated and contradictory files in silence; an archive must not. The scan takes chunks of
any size, keeps only what indexing needs, and refuses with a reason. Its memory is bounded whatever the file
says: at most 64 KiB for each wanted value, 4 bytes for each fragment, and the offset tables of a million
frames.
"""

import hashlib
from dataclasses import dataclass
from types import MappingProxyType

from pydicom._dicom_dict import DicomDictionary

from pacs.dicom import identity, pixels_layout, uids
from pacs.dicom.content import PIXEL_DATA_PROVIDER_URL, check_content
from pacs.dicom.elements import ElementWalker
from pacs.dicom.findings import PIXEL_DATA
from pacs.dicom.frames import FrameIndex
from pacs.dicom.headers import Chunk, encoding_of
from pacs.dicom.identity import Identity, Oddity, check_identity, claimed_identity, refuse_directory
from pacs.dicom.inflate import Inflater
from pacs.dicom.layout import LargeValue, Layout, PixelKind, Pixels
from pacs.dicom.limits import Limits
from pacs.dicom.meta import (
    PREAMBLE_SIZE,
    PREFIX,
    START,
    TRANSFER_SYNTAX,
    Meta,
    Preamble,
    preamble_of,
    read_meta,
)
from pacs.dicom.pixels_layout import Values, check_pixels
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.syntaxes import Syntax, syntax
from pacs.dicom.tags import INDEXED_TAGS

_WANTED = INDEXED_TAGS | identity.WANTED | pixels_layout.WANTED | {PIXEL_DATA_PROVIDER_URL}
_AFTER_PIXELS = frozenset(
    {Reason.TAG_ORDER, Reason.FORBIDDEN_TAG, Reason.UNKNOWN_VR, Reason.UNBALANCED, Reason.UNDEFINED_LENGTH}
)
_PIECE = 64 * 1024  # a large chunk is cut, so that what is held over an edge is never copied with it
_USUAL_HEAD = 512
_NO_META = Meta(MappingProxyType({}), 0)


@dataclass(frozen=True, slots=True)
class Scan:
    """The facts of one accepted file."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    values: Values  # wanted top-level values as they are: tag to VR and bytes
    meta: Values  # the same of group 0002
    size: int  # of the file, bytes
    dataset_offset: int  # first byte after group 0002
    dataset_sha256: bytes  # of the bytes from there to the end, as they are
    preamble: Preamble
    pixels: Pixels
    frames: FrameIndex
    layout: Layout
    oddities: frozenset[Oddity]


class Scanner:
    """Takes one file. `feed` and `finish` raise Refused, after which the scanner only answers `claimed`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._head = bytearray()
        self._head_needed = _USUAL_HEAD
        self._size = 0
        self._meta = _NO_META
        self._digest = hashlib.sha256()
        self._walker: ElementWalker | None = None
        self._inflater: Inflater | None = None
        self._syntax = syntax("")

    def feed(self, chunk: Chunk) -> None:
        """Take the next bytes of the file."""
        self._size += len(chunk)
        rest = memoryview(chunk)
        while rest and self._walker is None:
            missing = self._head_needed - len(self._head)
            self._head += rest[:missing]
            rest = rest[missing:]
            if len(self._head) == self._head_needed:
                self._take_head()
        if self._walker is not None:
            for start in range(0, len(rest), _PIECE):
                self._take_dataset(self._walker, rest[start : start + _PIECE])

    def finish(self) -> Scan:
        """Say that the file has ended, and return what is known of it."""
        walker = self._walker or self._end_head()
        if self._inflater is not None:
            self._inflater.finish()
        if walker.is_at_top and walker.offset < walker.total and walker.last_tag >= PIXEL_DATA:
            raise Refused(Reason.TRAILING_BYTES, at=walker.offset)
        walker.finish()
        return self._judge(walker)

    def claimed(self) -> Identity:
        """Return the UIDs read so far, for the answer about a refused file."""
        values = self._walker.findings.values if self._walker else {}
        return claimed_identity(values, self._meta.values)

    def _take_head(self) -> None:
        if self._head[PREAMBLE_SIZE:START] != PREFIX:
            raise Refused(Reason.NOT_DICOM)
        meta = read_meta(self._head, limits=self._limits)
        if meta is None:
            self._head_needed = 2 * len(self._head)
            return
        self._begin_dataset(meta)

    def _begin_dataset(self, meta: Meta) -> ElementWalker:
        self._meta = meta
        refuse_directory(meta.values)
        self._syntax = _syntax_of(meta)
        self._walker = ElementWalker(
            encoding=encoding_of(self._syntax), start=meta.end, limits=self._limits, wanted=_WANTED
        )
        self._inflater = Inflater(self._limits) if self._syntax.is_deflated else None
        self._take_dataset(self._walker, bytes(self._head[meta.end :]))
        del self._head[PREAMBLE_SIZE:]
        return self._walker

    def _take_dataset(self, walker: ElementWalker, chunk: Chunk) -> None:
        self._digest.update(chunk)
        try:
            for piece in self._inflater.feed(chunk) if self._inflater else (chunk,):
                walker.feed(piece)
        except Refused as refused:
            raise _told_better(refused, walker) from refused

    def _end_head(self) -> ElementWalker:
        if not self._size:
            raise Refused(Reason.EMPTY)
        if self._head[PREAMBLE_SIZE:START] != PREFIX:
            raise Refused(Reason.NOT_DICOM)
        meta = read_meta(self._head, limits=self._limits)
        if meta is None:
            raise Refused(Reason.TRUNCATED, at=self._size)
        return self._begin_dataset(meta)

    def _judge(self, walker: ElementWalker) -> Scan:
        values = _with_vrs(walker.findings.values)
        has_pixels = bool(walker.findings.pixel_elements)
        who, oddities = check_identity(values, self._meta.values, limits=self._limits, has_pixels=has_pixels)
        check_content(walker, values, sop_class_uid=who.sop_class_uid, syntax=self._syntax)
        pixels, frames = check_pixels(walker, values, syntax=self._syntax, limits=self._limits)
        return Scan(
            transfer_syntax_uid=self._syntax.uid,
            sop_class_uid=who.sop_class_uid,
            sop_instance_uid=who.sop_instance_uid,
            study_uid=who.study_uid,
            series_uid=who.series_uid,
            values=values,
            meta=self._meta.values,
            size=self._size,
            dataset_offset=self._meta.end,
            dataset_sha256=self._digest.digest(),
            preamble=preamble_of(bytes(self._head)),
            pixels=pixels,
            frames=frames,
            layout=_layout(self._syntax, self._meta, self._size, pixels, walker),
            oddities=oddities,
        )


def scan_bytes(data: Chunk, limits: Limits | None = None) -> Scan:
    """Scan a file that is in memory. Raises Refused."""
    scanner = Scanner(limits)
    scanner.feed(data)
    return scanner.finish()


def _syntax_of(meta: Meta) -> Syntax:
    uid = uids.from_bytes(meta.values.get(TRANSFER_SYNTAX, ("UI", b""))[1])
    if not uids.is_valid(uid):
        raise Refused(Reason.NO_TRANSFER_SYNTAX)
    return syntax(uid)


def _told_better(refused: Refused, walker: ElementWalker) -> Refused:
    """Call what follows whole pixels and is no element trailing bytes:

    That is what a person must look for.
    """
    if walker.is_at_top and walker.last_tag >= PIXEL_DATA and refused.reason in _AFTER_PIXELS:
        return Refused(Reason.TRAILING_BYTES, at=walker.offset)
    return refused


def _with_vrs(values: Values) -> Values:
    """Give values their dictionary VR where the file tells none:

    Implicit, or UN for an attribute that is known.
    """
    told = dict(values)
    for tag, (vr, raw) in values.items():
        if vr in ("", "UN"):
            known = DicomDictionary[tag][0]
            told[tag] = (vr if known == "SQ" and vr else known, raw)
    return MappingProxyType(told)


def _layout(syntax: Syntax, meta: Meta, size: int, pixels: Pixels, walker: ElementWalker) -> Layout:
    place = LargeValue(pixels.tag, pixels.vr, pixels.element_offset, pixels.offset, pixels.length)
    return Layout(
        transfer_syntax_uid=syntax.uid,
        size=size,
        dataset_offset=meta.end,
        dataset_end=walker.total,
        pixels=None if pixels.kind is PixelKind.NONE else place,
        large=tuple(walker.findings.large),
    )
