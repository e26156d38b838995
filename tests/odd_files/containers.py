"""Preambles, meta headers and deflated streams."""

import struct
import zlib

from pacs.dicom.reasons import Reason
from tests import dicom_files as make
from tests.odd_files.odd_file import OddFile

_WHOLE = make.small()
_DATA_SET = b"".join(make.elements().values())
_SYNTAX = make.element(0x00020010, "UI", make.even(make.EXPLICIT_LITTLE.encode(), b"\0"))


def _preamble(start: bytes) -> bytes:
    return start.ljust(128, b"\0") + _WHOLE[128:]


def _meta(meta: bytes, data_set: bytes = _DATA_SET) -> bytes:
    return bytes(128) + b"DICM" + meta + data_set


def _with_length(meta: bytes, off_by: int = 0) -> bytes:
    return make.element(0x00020000, "UL", struct.pack("<L", len(meta) + off_by)) + meta


def _deflated(stream: bytes) -> bytes:
    return make.file_of(stream, syntax=make.DEFLATED)


def _gzip_trailer() -> bytes:
    trailer = struct.pack("<LL", zlib.crc32(_DATA_SET), len(_DATA_SET))
    return _deflated(make.deflated_unpadded(_DATA_SET) + trailer)


def _bomb() -> bytes:
    pixels = make.element(0x7FE00010, "OW", bytes(4), length=64 << 20)[:-4]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = deflater.compress(_DATA_SET[:-16] + pixels)
    for _ in range(64):
        stream += deflater.compress(bytes(1 << 20))
    return _deflated(stream + deflater.flush())


FILES = (
    OddFile("preamble-program", "Runs as a Windows program", None, lambda: _preamble(b"MZ\x90\0")),
    OddFile("preamble-elf", "Runs as a Linux program", None, lambda: _preamble(b"\x7fELF\2\1\1")),
    OddFile("preamble-mach-o", "Runs as a macOS program", None, lambda: _preamble(b"\xcf\xfa\xed\xfe")),
    OddFile("preamble-zip", "Opens as a ZIP", None, lambda: _preamble(b"PK\3\4")),
    OddFile("preamble-pdf", "Opens as a PDF, which may begin late", None, lambda: _preamble(b"\n\n%PDF-1.7")),
    OddFile("preamble-html", "A browser that sniffs shows it", None, lambda: _preamble(b"<script>alert(1)")),
    OddFile("preamble-script", "Runs as a script", None, lambda: _preamble(b"#!/bin/sh\n")),
    OddFile("preamble-tiff", "A dual file of a slide scanner", None, lambda: _preamble(b"II*\0\x10\0\0\0")),
    OddFile("nothing", "An upload that broke at once", Reason.EMPTY, lambda: b""),
    OddFile("one-byte", "As above, a byte later", Reason.NOT_DICOM, lambda: b"\0"),
    OddFile("131-bytes", "One byte short of the prefix", Reason.NOT_DICOM, lambda: _WHOLE[:131]),
    OddFile("only-prefix", "Preamble and prefix, nothing else", Reason.TRUNCATED, lambda: _WHOLE[:132]),
    OddFile("no-preamble", "Begins with the prefix", Reason.NOT_DICOM, lambda: _WHOLE[128:]),
    OddFile("no-prefix", "The prefix is overwritten", Reason.NOT_DICOM, lambda: bytes(132) + _WHOLE[132:]),
    OddFile("no-meta", "Data set right after the prefix", Reason.META_BROKEN, lambda: _meta(b"")),
    OddFile("meta-length-absent", "Written without group length", None, lambda: _meta(_SYNTAX)),
    OddFile("meta-length-large", "Counts into the data set", Reason.META_LENGTH,
            lambda: _meta(_with_length(_SYNTAX, 2))),
    OddFile("meta-length-small", "Ends inside an element", Reason.META_LENGTH,
            lambda: _meta(_with_length(_SYNTAX, -2))),
    OddFile("meta-length-zero", "Hides the transfer syntax in the data set", Reason.NO_TRANSFER_SYNTAX,
            lambda: _meta(_with_length(_SYNTAX, -len(_SYNTAX)))),
    OddFile("meta-length-4gb", "Asks for 4 GB of meta header", Reason.META_LENGTH,
            lambda: _meta(make.element(0x00020000, "UL", b"\xff" * 4))),
    OddFile("no-syntax", "Meta header without transfer syntax", Reason.NO_TRANSFER_SYNTAX,
            lambda: _meta(_with_length(make.element(0x00020016, "AE", b"X ")))),
    OddFile("syntax-path", "A path for a transfer syntax", Reason.NO_TRANSFER_SYNTAX,
            lambda: _meta(_with_length(make.element(0x00020010, "UI", b"../../etc/x\0")))),
    OddFile("syntax-unknown", "A private syntax, laid out as usual", None,
            lambda: make.small(syntax="1.2.3.4.5")),
    OddFile("two-metas", "A second meta header after the first", Reason.FORBIDDEN_TAG,
            lambda: _meta(_with_length(_SYNTAX), _with_length(_SYNTAX) + _DATA_SET)),
    OddFile("meta-twice-the-syntax", "Two transfer syntaxes", Reason.META_BROKEN,
            lambda: _meta(_with_length(_SYNTAX * 2))),
    OddFile("directory", "A DICOMDIR, uploaded with its folder", Reason.IS_DIRECTORY,
            lambda: make.file_of(b"", sop_class="1.2.840.10008.1.3.10")),
    OddFile("meta-names-another", "The meta header was not updated when the UID was", None,
            lambda: make.file_of(_DATA_SET, instance=make.uid(7))),
    OddFile("deflated", "A good one", None, lambda: _deflated(make.deflated(_DATA_SET))),
    OddFile("deflated-gzip", "With the trailer that an old toolkit wrote", None, _gzip_trailer),
    OddFile("deflated-gzip-wrong", "With a trailer of another stream", Reason.TRAILING_BYTES,
            lambda: _gzip_trailer()[:-1] + b"\x7f"),
    OddFile("deflated-nuls", "The unused half of a buffer behind it, as Orthanc 1.10 stores what it received", None,
            lambda: _deflated(make.deflated(_DATA_SET) + bytes(300_000))),
    OddFile("deflated-nuls-tail", "Bytes hidden behind such a buffer", Reason.TRAILING_BYTES,
            lambda: _deflated(make.deflated(_DATA_SET) + bytes(300_000) + b"tail")),
    OddFile("deflated-tail", "Bytes hidden behind the stream", Reason.TRAILING_BYTES,
            lambda: _deflated(make.deflated(_DATA_SET) + b"tail")),
    OddFile("deflated-not", "Says deflated, is not", Reason.INFLATE_BROKEN, lambda: _deflated(b"\xff" + _DATA_SET)),
    OddFile("deflated-cut", "The stream has no end", Reason.TRUNCATED,
            lambda: _deflated(make.deflated_unpadded(_DATA_SET)[:-6])),
    OddFile("deflated-bomb", "64 MiB of zeros in 64 kB", Reason.INFLATE_TOO_LARGE, _bomb),
)  # fmt: skip
