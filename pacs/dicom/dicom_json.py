"""Headers in the DICOM JSON Model; large and binary values are left to be fetched (PS3.18 Annex F)."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pacs.dicom.header import read_header_tree
from pacs.dicom.layout import LargeValue, Layout
from pacs.dicom.text import DEFAULT_CHARSET, Charset, charset_of
from pacs.dicom.tree import Element, Item, known_vr
from pacs.dicom.values import BINARY_VRS, Json, json_values

INLINE_LIMIT = 1024  # bytes of a binary value that is sent inline
_SPECIFIC_CHARACTER_SET = 0x00080005
_UTF_8 = "ISO_IR 192"
_STUDY_UID = "0020000D"
_SERIES_UID = "0020000E"
_TRAILING_PADDING = 0xFFFCFFFC
_PATH = re.compile(r"[0-9A-F]{8}(?:/[0-9]{1,9}/[0-9A-F]{8}){0,64}", re.ASCII)

JsonObject = dict[str, Json]


class NoSuchValue(Exception):
    """A bulk path names no value of the instance."""


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value that was addressed: its bytes, or where they lie in the file (see Layout for deflated ones)."""

    vr: str
    value: bytes | None
    place: LargeValue | None


def header_json(
    parts: Sequence[bytes],
    layout: Layout,
    *,
    bulk_root: str,
    study_uid: str,
    series_uid: str,
    inline_limit: int = INLINE_LIMIT,
) -> JsonObject:
    """Return the metadata of a stored file, given the bytes of `layout.header_ranges`.

    Pixels, large values and binary values above the limit become a BulkDataURI: `bulk_root`, a slash, and a
    path that `find_bulk` resolves, such as `7FE00010` or, inside a sequence, `54000100/0/54001010` (items count
    from 0). Group lengths and trailing padding are left out (PS3.18 F.2.2). The UIDs are those under which the
    instance is filed: they are filled in where the file has none.

    Raises Refused for a header of more than 400,000 elements. Such a file is stored and served, but its
    metadata would take more memory than a reader may.
    """
    model = item_json(read_header_tree(parts, layout), bulk_root=bulk_root, inline_limit=inline_limit)
    for value in layout.left_out:
        name = f"{value.tag:08X}"
        model[name] = {"vr": _vr_of(value), "BulkDataURI": f"{bulk_root}/{name}"}
    for name, uid in ((_STUDY_UID, study_uid), (_SERIES_UID, series_uid)):
        model.setdefault(name, {"vr": "UI", "Value": [uid]})
    return dict(sorted(model.items()))


def item_json(
    item: Item, *, charset: Charset = DEFAULT_CHARSET, bulk_root: str, inline_limit: int = INLINE_LIMIT
) -> JsonObject:
    """Return one data set or item. Its own Specific Character Set replaces the given one (PS3.5 §7.5.3)."""
    model: JsonObject = {}
    for element in item:
        if element.tag == _SPECIFIC_CHARACTER_SET:
            charset = charset_of(element.raw)
            model["00080005"] = {"vr": "CS", "Value": [_UTF_8]}  # what JSON is written in (PS3.18 F.2)
        elif element.tag & 0xFFFF and element.tag != _TRAILING_PADDING:
            name = f"{element.tag:08X}"
            model[name] = _element_json(element, charset, f"{bulk_root}/{name}", inline_limit)
    return model


def find_bulk(parts: Sequence[bytes], layout: Layout, path: str) -> BulkValue:
    """Return the value that a path of `header_json` names. Raises NoSuchValue, for any other string too."""
    if not _PATH.fullmatch(path):
        raise NoSuchValue(path[:80])
    for value in layout.left_out:
        if path == f"{value.tag:08X}":
            return BulkValue(_vr_of(value), None, value)
    element = _walk(read_header_tree(parts, layout), path.split("/"))
    if element.items is not None:
        raise NoSuchValue(path[:80])
    return BulkValue(element.vr, element.raw, None)


def _walk(item: Item, steps: Sequence[str]) -> Element:
    tag = int(steps[0], 16)
    element = next((element for element in item if element.tag == tag), None)
    if element is None:
        raise NoSuchValue(steps[0])
    if len(steps) == 1:
        return element
    items = element.items or ()
    if int(steps[1]) >= len(items):
        raise NoSuchValue(steps[1])
    return _walk(items[int(steps[1])], steps[2:])


def _element_json(element: Element, charset: Charset, uri: str, inline_limit: int) -> JsonObject:
    model: JsonObject = {"vr": element.vr}
    if element.items is not None:
        model["Value"] = [
            item_json(item, charset=charset, bulk_root=f"{uri}/{at}", inline_limit=inline_limit)
            for at, item in enumerate(element.items)
        ]
    elif element.vr in BINARY_VRS:
        if len(element.raw) > inline_limit:
            model["BulkDataURI"] = uri
        elif element.raw:
            model["InlineBinary"] = base64.b64encode(element.raw).decode("ascii")
    else:
        values = json_values(element.vr, element.raw, charset=charset, is_big_endian=element.is_big_endian)
        if values:
            model["Value"] = values
    return model


def _vr_of(value: LargeValue) -> str:
    vr = value.vr if value.vr not in ("", "UN") else known_vr(value.tag)
    return vr if len(vr) == 2 else "OW"
