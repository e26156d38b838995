"""What a search answers about a row, in the DICOM JSON Model (PS3.18 §10.6.3.3, Annex F)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacs.dicom.dicom_json import JsonObject
from pacs.dicom.tags import Level
from pacs.models import Instance, Series, Study
from pacs.search.columns import (
    AVAILABLE_TRANSFER_SYNTAX,
    DEPTH,
    MODALITIES_IN_STUDY,
    NUMBER_OF_INSTANCES,
    NUMBER_OF_SERIES,
    NUMBER_OF_SERIES_INSTANCES,
    SERIES_UID,
    SOP_UID,
    STUDY_UID,
    level_of,
)
from pacs.search.matching import vr_of

INSTANCE_AVAILABILITY, RETRIEVE_URL, TIME_ZONE = 0x00080056, 0x00081190, 0x00080201

# PS3.18 tables 10.6.3-3 to 10.6.3-5, and descriptions, which every list shows.
RETURNED: Mapping[Level, frozenset[int]] = {
    Level.STUDY: frozenset(
        {
            *(0x00080020, 0x00080030, 0x00080050, MODALITIES_IN_STUDY, 0x00080090, 0x00081030, TIME_ZONE),
            *(0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040),
            *(STUDY_UID, 0x00200010, NUMBER_OF_SERIES, NUMBER_OF_INSTANCES),
        }
    ),
    Level.SERIES: frozenset(
        {
            *(0x00080060, 0x0008103E, SERIES_UID, 0x00200011, NUMBER_OF_SERIES_INSTANCES),
            *(0x00400244, 0x00400245, 0x00400275),
        }
    ),
    Level.INSTANCE: frozenset(
        {
            0x00080016,
            SOP_UID,
            0x00200013,
            0x00280008,
            0x00280010,
            0x00280011,
            0x00280100,
            AVAILABLE_TRANSFER_SYNTAX,
        }
    ),
}
"""What is answered unasked; what a row lacks of it is there without a value, but for what is optional."""

_OPTIONAL = frozenset(
    {TIME_ZONE, 0x00081030, 0x0008103E, 0x00100021, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
    | {0x00400244, 0x00400245, 0x00400275}
)
_UIDS = {Level.STUDY: STUDY_UID, Level.SERIES: SERIES_UID, Level.INSTANCE: SOP_UID}


@dataclass(frozen=True, slots=True)
class Fields:
    """Which attributes an answer shows: those of `levels` that the standard lists, and those that were asked for."""

    levels: frozenset[Level]
    asked: frozenset[int] = frozenset()
    shows_all: bool = False


def whole(row: Study | Series | Instance) -> JsonObject:
    """Return all that is kept of a row and of what it belongs to, with what is counted."""
    if isinstance(row, Study):
        return {**row.attributes, **_counted_of_study(row)}
    if isinstance(row, Series):
        return {**whole(row.study), **row.attributes, **_counted_of_series(row)}
    return {
        **whole(row.study),
        **row.series.attributes,
        **_counted_of_series(row.series),
        **_of_instance(row),
    }


def answer(row: Study | Series | Instance, fields: Fields, *, root: str) -> JsonObject:
    """Return one result. `root` is the address of the DICOMweb service, without a slash at its end."""
    level = _level(row)
    known = whole(row)
    shown = _shown(level, fields, known)
    result: JsonObject = {"00080005": _element("CS", "ISO_IR 192")}  # what JSON is written in (PS3.18 F.2)
    for tag in shown:
        name = f"{tag:08X}"
        if name in known:
            result[name] = known[name]
        elif tag not in _OPTIONAL:
            result[name] = {"vr": vr_of(tag)}
    if level is not Level.SERIES:
        result["00080056"] = _element("CS", "ONLINE")
    result["00081190"] = _element("UR", root + _path(row))
    return dict(sorted(result.items()))


def _shown(level: Level, fields: Fields, known: JsonObject) -> set[int]:
    depth = DEPTH[level]
    uids = {tag for at, tag in _UIDS.items() if DEPTH[at] <= depth}
    listed = {tag for at in fields.levels for tag in RETURNED[at]}
    if fields.shows_all:
        return uids | listed | {int(name, 16) for name in known}
    asked = {tag for tag in fields.asked if _is_of(tag, depth)}
    return uids | listed | asked


def _is_of(tag: int, depth: int) -> bool:
    """Return whether the attribute is kept at this depth or above; further below it is not returned."""
    level = level_of(tag)
    return level is not None and DEPTH[level] <= depth


def _level(row: Study | Series | Instance) -> Level:
    return (
        Level.STUDY if isinstance(row, Study) else Level.SERIES if isinstance(row, Series) else Level.INSTANCE
    )


def _path(row: Study | Series | Instance) -> str:
    if isinstance(row, Study):
        return f"/studies/{row.study_uid}"
    if isinstance(row, Series):
        return f"{_path(row.study)}/series/{row.series_uid}"
    return f"{_path(row.study)}/series/{row.series.series_uid}/instances/{row.sop_uid}"


def _counted_of_study(study: Study) -> JsonObject:
    modalities = study.modality_list()
    return {
        "00080061": _element("CS", *modalities),
        "0020000D": _element("UI", study.study_uid),
        "00201206": _element("IS", study.series_count),
        "00201208": _element("IS", study.instance_count),
    }


def _counted_of_series(series: Series) -> JsonObject:
    return {"0020000E": _element("UI", series.series_uid), "00201209": _element("IS", series.instance_count)}


def _of_instance(instance: Instance) -> JsonObject:
    syntax = {"00083002": _element("UI", instance.transfer_syntax_uid)}
    return {**instance.attributes, **syntax, "00080018": _element("UI", instance.sop_uid)}


def _element(vr: str, *values: str | int) -> JsonObject:
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}
