"""Read the header of a stored file: everything but the pixels and the large values."""

from collections.abc import Sequence
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from pacs.dicom.headers import encoding_of
from pacs.dicom.inflate import Inflater
from pacs.dicom.layout import Layout
from pacs.dicom.limits import Limits
from pacs.dicom.syntaxes import syntax
from pacs.dicom.tree import Item, read_tree


def header_bytes(parts: Sequence[bytes], layout: Layout) -> bytes:
    """Return the data set without what the layout leaves out.

    `parts` are the bytes of `layout.header_ranges`, in order. A deflated data set is inflated, within limits.
    """
    file = b"".join(parts)
    return _inflated(file, layout) if layout.is_deflated else file[layout.dataset_offset :]


def read_header(parts: Sequence[bytes], layout: Layout) -> Dataset:
    """Return the header as a pydicom Dataset: recursion is safe because the scan bounded the nesting."""
    encoding = encoding_of(syntax(layout.transfer_syntax_uid))
    ds = read_dataset(
        BytesIO(header_bytes(parts, layout)),
        is_implicit_VR=encoding.is_implicit,
        is_little_endian=not encoding.is_big_endian,
    )
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(layout.transfer_syntax_uid)
    return ds


def read_header_tree(parts: Sequence[bytes], layout: Layout) -> Item:
    """Return the header as a light tree: quicker, and it never fails on odd values."""
    return read_tree(header_bytes(parts, layout), encoding_of(syntax(layout.transfer_syntax_uid)))


def _inflated(file: bytes, layout: Layout) -> bytes:
    inflater = Inflater(Limits())
    kept, offset = bytearray(), layout.dataset_offset
    ranges = layout.ranges_between(offset)
    for piece in inflater.feed(memoryview(file)[layout.dataset_offset :]):
        for start, length in ranges:
            kept += piece[max(0, start - offset) : max(0, start + length - offset)]
        offset += len(piece)
    inflater.finish()
    return bytes(kept)
