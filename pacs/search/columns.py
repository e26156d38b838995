"""Which attributes have a column of their own, and how it compares: one table. The others lie in `attributes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pacs.dicom.tags import ATTRIBUTES, Level

MODALITIES_IN_STUDY = 0x00080061
NUMBER_OF_SERIES, NUMBER_OF_INSTANCES, NUMBER_OF_SERIES_INSTANCES = 0x00201206, 0x00201208, 0x00201209
AVAILABLE_TRANSFER_SYNTAX = 0x00083002
STUDY_UID, SERIES_UID, SOP_UID = 0x0020000D, 0x0020000E, 0x00080018
MODALITY = 0x00080060

DEPTH = MappingProxyType({Level.PATIENT: 0, Level.STUDY: 0, Level.SERIES: 1, Level.INSTANCE: 2})
"""Patient attributes are kept with each study."""


class Kind(Enum):
    """How a column compares."""

    NAME = "name"  # `search` holds pacs.dicom.names.search_name
    TEXT = "text"  # `search` holds pacs.dicom.names.search_text, `field` what the file says
    PLAIN = "plain"  # text as the file says
    MODALITIES = "modalities"  # values sorted, each between backslashes
    RANGE = "range"  # date, time or number


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a level's table."""

    level: Level
    field: str
    kind: Kind
    search: str = ""


def _study(field: str, kind: Kind, search: str = "") -> Column:
    return Column(Level.STUDY, field, kind, search)


def _series(field: str, kind: Kind) -> Column:
    return Column(Level.SERIES, field, kind)


def _instance(field: str, kind: Kind) -> Column:
    return Column(Level.INSTANCE, field, kind)


COLUMNS: Mapping[int, Column] = MappingProxyType(
    {
        0x00080020: _study("study_date", Kind.RANGE),
        0x00080030: _study("study_time", Kind.RANGE),
        0x00080050: _study("accession_number", Kind.TEXT, "accession_number_search"),
        MODALITIES_IN_STUDY: _study("modalities", Kind.MODALITIES),
        0x00080090: _study("referring_physician", Kind.NAME, "referring_physician_search"),
        0x00081030: _study("description", Kind.TEXT, "description_search"),
        0x00100010: _study("patient_name", Kind.NAME, "patient_name_search"),
        0x00100020: _study("patient_id", Kind.TEXT, "patient_id_search"),
        0x00100021: _study("issuer", Kind.PLAIN),
        0x00100030: _study("birth_date", Kind.RANGE),
        0x00100040: _study("sex", Kind.PLAIN),
        STUDY_UID: _study("study_uid", Kind.PLAIN),
        0x00200010: _study("study_id", Kind.PLAIN),
        NUMBER_OF_SERIES: _study("series_count", Kind.RANGE),
        NUMBER_OF_INSTANCES: _study("instance_count", Kind.RANGE),
        MODALITY: _series("modality", Kind.PLAIN),
        0x0008103E: _series("description", Kind.PLAIN),
        0x00180015: _series("body_part", Kind.PLAIN),
        SERIES_UID: _series("series_uid", Kind.PLAIN),
        0x00200011: _series("series_number", Kind.RANGE),
        NUMBER_OF_SERIES_INSTANCES: _series("instance_count", Kind.RANGE),
        0x00080016: _instance("sop_class_uid", Kind.PLAIN),
        SOP_UID: _instance("sop_uid", Kind.PLAIN),
        AVAILABLE_TRANSFER_SYNTAX: _instance("transfer_syntax_uid", Kind.PLAIN),
        0x00200013: _instance("instance_number", Kind.RANGE),
        0x00280008: _instance("number_of_frames", Kind.RANGE),
        0x00280010: _instance("rows", Kind.RANGE),
        0x00280011: _instance("columns", Kind.RANGE),
        0x00280100: _instance("bits_allocated", Kind.RANGE),
    }
)


def level_of(tag: int) -> Level | None:
    """Return the level at which an attribute is kept, or None if it is not kept."""
    column = COLUMNS.get(tag)
    attribute = ATTRIBUTES.get(tag)
    if column is not None:
        return column.level
    return attribute.level if attribute is not None else None
