"""Which attributes are indexed, and at which level: one table (PS3.18 §10.6.3.3, PS3.3 C.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydicom._dicom_dict import DicomDictionary


class Level(StrEnum):
    """The four levels of the DICOM model of the real world."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An indexed attribute, as PS3.6 names it."""

    tag: int
    vr: str
    keyword: str
    level: Level


_PATIENT = (
    *(0x00100010, 0x00100020, 0x00100021, 0x00100024, 0x00100030, 0x00100032, 0x00100040),
    *(0x00101000, 0x00101001, 0x00101002, 0x00102160, 0x00104000),
)
_STUDY = (
    *(0x00080020, 0x00080030, 0x00080050, 0x00080051, 0x00080090, 0x00080096, 0x00080201),
    *(0x00081030, 0x00081032, 0x00081048, 0x00081060, 0x00081080, 0x00081110),
    *(0x00101010, 0x00101020, 0x00101030, 0x00102180, 0x001021B0),
    *(0x00120010, 0x00120020, 0x00120040, 0x0020000D, 0x00200010),
    *(0x00321032, 0x00321033, 0x00321060, 0x00380010),
)
_SERIES = (
    *(0x00080021, 0x00080031, 0x00080060, 0x00080070, 0x00080080, 0x0008103E, 0x0008103F),
    *(0x00081010, 0x00081040, 0x00081050, 0x00081070, 0x00081090, 0x00081111),
    *(0x00180015, 0x00181000, 0x00181020, 0x00181030, 0x00185100),
    *(0x0020000E, 0x00200011, 0x00200052, 0x00200060),
    *(0x00400244, 0x00400245, 0x00400253, 0x00400254, 0x00400275),
)
_INSTANCE = (
    *(0x00080008, 0x00080012, 0x00080013, 0x00080016, 0x00080018, 0x00080022, 0x00080023, 0x0008002A),
    *(0x00080032, 0x00080033, 0x00180050, 0x00200012, 0x00200013, 0x00200032, 0x00200037, 0x00201041),
    *(0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280030, 0x00280100, 0x00280101),
    *(0x00280103, 0x00280301, 0x0040A032, 0x0040A043, 0x0040A073, 0x0040A370, 0x0040A491, 0x0040A493),
    *(0x00420010, 0x00420012, 0x00700080, 0x00700081, 0x00700082, 0x00700083, 0x00700084),
)
SPECIFIC_CHARACTER_SET = 0x00080005


def _attributes() -> Mapping[int, Attribute]:
    levels = {Level.PATIENT: _PATIENT, Level.STUDY: _STUDY, Level.SERIES: _SERIES, Level.INSTANCE: _INSTANCE}
    table = {}
    for level, tags in levels.items():
        for tag in tags:
            vr, _, _, _, keyword = DicomDictionary[tag]
            table[tag] = Attribute(tag, vr, keyword, level)
    return MappingProxyType(table)


ATTRIBUTES = _attributes()
"""Tag to indexed attribute."""

INDEXED_TAGS = frozenset(ATTRIBUTES) | {SPECIFIC_CHARACTER_SET}
