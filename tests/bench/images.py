"""The bodies that are sent: made before the clock starts, the same for every server, new UIDs for each set."""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.dicom_files import image, written

BOUNDARY = "bench"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
MULTI_FRAME_WORD = "1.2.840.10008.5.1.4.1.1.7.3"
MEBIBYTE = 2**20
_HEAD = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
_TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
_STUDY, _SERIES, _INSTANCE = (f"2.25.{digit}{'0' * 20}" for digit in (7, 8, 9))
_PERSON, _NUMBER = "BENCH00000000", "1000000"


@dataclass(frozen=True)
class Series:
    """A series on its way, or stored: what reads address."""

    study_uid: str
    series_uid: str
    sop_uids: Sequence[str]
    files: Sequence[bytes]

    @property
    def path(self) -> str:
        """Its address below a DICOMweb root."""
        return f"/studies/{self.study_uid}/series/{self.series_uid}"


def ct_series(mark: int, *, slices: int) -> Series:
    """Return a series of CT slices of 512 KiB; `mark` (below 100) tells one set from another."""
    template = _Template(side=512)
    numbers = range(mark * 10**6, mark * 10**6 + slices)
    study, series = _uid(_STUDY, mark), _uid(_SERIES, mark)
    uids = [_uid(_INSTANCE, number) for number in numbers]
    files = [
        template.file(study, series, uid, number, person=mark)
        for uid, number in zip(uids, numbers, strict=True)
    ]
    return Series(study, series, uids, files)


def small_studies(mark: int, *, count: int) -> list[bytes]:
    """Return files of 32 KiB pixels, each the only one of its study and person."""
    template = _Template(side=128)
    numbers = range(mark * 10**6, mark * 10**6 + count)
    return [
        template.file(
            _uid(_STUDY, number), _uid(_SERIES, number), _uid(_INSTANCE, number), number, person=number
        )
        for number in numbers
    ]


def body(files: Sequence[bytes]) -> bytes:
    """Return a request's multipart body."""
    return b"".join([*(part for file in files for part in (_HEAD, file)), _TAIL])


def bodies(files: Sequence[bytes], *, together: int) -> list[bytes]:
    """Return requests of so many files each."""
    return [body(files[start : start + together]) for start in range(0, len(files), together)]


@dataclass(frozen=True)
class Large:
    """A multi-frame image that is made as it is sent; its file never stands in memory."""

    path: str
    head: bytes
    pixel_bytes: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the file."""
        blocks = [random.Random(seed).randbytes(MEBIBYTE) for seed in range(7)]
        yield self.head
        for number in range(self.pixel_bytes // MEBIBYTE):
            yield blocks[number % len(blocks)]

    def body(self) -> Iterator[bytes]:
        """Yield the request's multipart body."""
        yield _HEAD
        yield from self.chunks()
        yield _TAIL


def large(mark: int, *, mebibytes: int) -> Large:
    """Return a multi-frame image with frames of 512 KiB and so much pixel data."""
    study, series, instance = (_uid(root, mark) for root in (_STUDY, _SERIES, _INSTANCE))
    ds = image(rows=512, columns=512)
    ds.SOPClassUID, ds.NumberOfFrames = MULTI_FRAME_WORD, 2 * mebibytes
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, series, instance
    whole = written(ds)
    head = whole[: -len(ds.PixelData) - 4] + struct.pack("<L", mebibytes * MEBIBYTE)
    return Large(f"/studies/{study}/series/{series}/instances/{instance}", head, mebibytes * MEBIBYTE)


class _Template:
    """A file written once; others differ in values of equal length."""

    def __init__(self, *, side: int) -> None:
        ds = image(rows=side, columns=side)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = _STUDY, _SERIES, _INSTANCE
        ds.PatientID, ds.AccessionNumber, ds.PatientName = _PERSON, _PERSON, f"{_PERSON}^Anna"
        ds.InstanceNumber = int(_NUMBER)
        self._head = written(ds)[: -len(ds.PixelData)]
        self._pixels = random.Random(side).randbytes(len(ds.PixelData) - 4)

    def file(self, study: str, series: str, instance: str, number: int, *, person: int) -> bytes:
        head = self._head.replace(_STUDY.encode(), study.encode()).replace(_SERIES.encode(), series.encode())
        head = head.replace(_INSTANCE.encode(), instance.encode())
        head = head.replace(_PERSON.encode(), f"BENCH{person:08d}".encode())
        head = head.replace(_NUMBER.encode(), str(int(_NUMBER) + number % 10**6).encode())
        return b"".join((head, struct.pack("<L", number), self._pixels))


def _uid(root: str, number: int) -> str:
    """Return a UID of the root's length."""
    text = str(number)
    return root[: -len(text)] + text
