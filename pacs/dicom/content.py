"""Tell a whole data set from one that was cut between two elements.

A cut inside an element shows in its length; a cut between two leaves a shorter, well-formed data set. Tags
ascend, so a data set that ends before an attribute its SOP class cannot lack was cut. What stays
undetectable, because the standard gives no sign: a cut after the last mandatory attribute of a data set
without pixels, a cut behind the pixel data (before padding or signatures), and a cut among the first
attributes of an image that has no acquisition attributes (group 0018) yet, at most up to Instance Number:
bare headers of that shape are real and are taken.
"""

from collections.abc import Set
from types import MappingProxyType

from pydicom._uid_dict import UID_dictionary

from pacs.dicom.elements import ElementWalker
from pacs.dicom.pixels_layout import ROWS, Values
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.syntaxes import Syntax

PIXEL_DATA_PROVIDER_URL = 0x00287FE0
_INSTANCE_NUMBER = 0x00200013
_ACQUISITION = 0x0018

IMAGE_CLASSES: Set[str] = frozenset(
    uid for uid, (name, kind, *_) in UID_dictionary.items() if kind == "SOP Class" and "Image Storage" in name
)

_PREFIX = "1.2.840.10008.5.1.4.1.1."
_LAST_MANDATORY = {
    0x5400_0100: (  # Waveform Sequence
        *("9.1.1", "9.1.2", "9.1.3", "9.1.4", "9.2.1", "9.3.1", "9.4.1", "9.4.2", "9.5.1"),
        *("9.6.1", "9.6.2", "9.7.1", "9.7.2", "9.7.3", "9.7.4", "9.8.1"),
    ),
    0x0042_0012: tuple(f"104.{number}" for number in range(1, 6)),  # MIME Type of Encapsulated Document
    0x0040_A730: ("88.11", "88.22", "88.33", "88.34", "88.35"),  # Content Sequence: a report says something
    0x0040_A375: ("88.59",),  # Current Requested Procedure Evidence Sequence
    0x3006_0080: ("481.3",),  # RT ROI Observations Sequence
    0x300A_000C: ("481.5", "481.8"),  # RT Plan Geometry
    0x3004_0002: ("481.2",),  # Dose Units
    0x0070_0080: tuple(f"11.{number}" for number in range(1, 13)),  # Content Label
    0x0070_0308: ("66.1",),  # Registration Sequence
    0x0070_031C: ("66.2",),  # Fiducial Set Sequence
    0x0064_0002: ("66.3",),  # Deformable Registration Sequence
    0x7FE0_0008: ("66.4", "30", "66.7"),  # Segmentation and Parametric Map: pixels
    0x0066_0002: ("66.5",),  # Surface Sequence
    0x0066_0101: ("66.6",),  # Track Set Sequence
    0x006A_0002: ("91.1",),  # Annotation Group Sequence
    0x5600_0020: ("4.2",),  # Spectroscopy Data
}
LAST_MANDATORY = MappingProxyType(
    {_PREFIX + suffix: tag for tag, suffixes in _LAST_MANDATORY.items() for suffix in suffixes}
)
"""SOP class to an attribute that its data sets cannot lack, near their end (PS3.3 Annex A)."""


def check_content(walker: ElementWalker, values: Values, *, sop_class_uid: str, syntax: Syntax) -> None:
    """Refuse a data set that ends before what its kind of object cannot lack."""
    mandatory = LAST_MANDATORY.get(sop_class_uid, 0)
    if walker.last_tag < mandatory:
        raise Refused(Reason.CONTENT_MISSING, tag=f"{mandatory:08X}")
    if walker.findings.pixel_elements or PIXEL_DATA_PROVIDER_URL in values:
        return
    is_cut = ROWS in values and not _has_whole_last_group(walker, syntax)
    if is_cut or (sop_class_uid in IMAGE_CLASSES and ROWS not in values and not _is_bare_header(walker)):
        raise Refused(Reason.PIXELS_MISSING)


def _is_bare_header(walker: ElementWalker) -> bool:
    return walker.last_tag <= _INSTANCE_NUMBER and _ACQUISITION not in walker.groups


def _has_whole_last_group(walker: ElementWalker, syntax: Syntax) -> bool:
    """Tell whether the retired group length (gggg,0000) proves that the last group is whole (PS3.5 §7.2)."""
    tag, raw, counts_from = walker.findings.group_length
    length = int.from_bytes(raw, "big" if syntax.is_big_endian else "little")
    return tag >> 16 == walker.last_tag >> 16 and counts_from + length == walker.total
