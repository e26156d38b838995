"""What a database keeps of an instance: DICOM JSON for answers, and typed columns for searching."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from pacs.dicom.dates import parse_date, parse_time
from pacs.dicom.dicom_json import JsonObject, item_json
from pacs.dicom.headers import IMPLICIT, Encoding, encoding_of
from pacs.dicom.reasons import Refused
from pacs.dicom.scan import Scan
from pacs.dicom.syntaxes import syntax
from pacs.dicom.tags import ATTRIBUTES, SPECIFIC_CHARACTER_SET, Level
from pacs.dicom.text import DEFAULT_CHARSET, charset_of
from pacs.dicom.tree import Element, read_items
from pacs.dicom.values import BINARY_VRS, Json

LONGEST_TEXT = 256  # characters of a column; the JSON has all
_GREATEST_INTEGER = 2**31 - 1
_STUDY_UID, _SERIES_UID = "0020000D", "0020000E"


@dataclass(frozen=True, slots=True)
class Columns:
    """Plain values. Texts are empty where absent, without control characters, at most 256 characters long."""

    patient_name: str  # as written, component groups with `=`
    patient_id: str
    issuer_of_patient_id: str
    patient_birth_date: date | None
    patient_sex: str
    accession_number: str
    study_id: str
    study_date: date | None
    study_time: time | None
    study_description: str
    referring_physician_name: str
    modality: str
    series_number: int | None
    series_description: str
    series_date: date | None
    series_time: time | None
    body_part_examined: str
    laterality: str
    protocol_name: str
    manufacturer: str
    institution_name: str
    station_name: str
    instance_number: int | None
    rows: int | None
    columns: int | None
    number_of_frames: int | None


@dataclass(frozen=True, slots=True)
class Indexed:
    """An instance as QIDO tells it (PS3.18 §10.6.3.3, F.2). No level repeats another's attributes."""

    patient: JsonObject
    study: JsonObject
    series: JsonObject
    instance: JsonObject
    columns: Columns


def index(scan: Scan) -> Indexed:
    """Return what is kept of a scanned file. Never raises, whatever the values are."""
    declared = scan.values.get(SPECIFIC_CHARACTER_SET)
    charset = charset_of(declared[1]) if declared else DEFAULT_CHARSET
    encoding = encoding_of(syntax(scan.transfer_syntax_uid))
    levels: dict[Level, JsonObject] = {level: {} for level in Level}
    for tag in sorted(scan.values.keys() & ATTRIBUTES.keys()):
        vr, raw = scan.values[tag]
        element = _element(tag, vr, raw, encoding)
        if element is not None:
            levels[ATTRIBUTES[tag].level].update(item_json((element,), charset=charset, bulk_root=""))
    levels[Level.STUDY][_STUDY_UID] = {"vr": "UI", "Value": [scan.study_uid]}
    levels[Level.SERIES][_SERIES_UID] = {"vr": "UI", "Value": [scan.series_uid]}
    return Indexed(
        patient=levels[Level.PATIENT],
        study=levels[Level.STUDY],
        series=levels[Level.SERIES],
        instance=levels[Level.INSTANCE],
        columns=_columns(scan, levels),
    )


def _element(tag: int, vr: str, raw: bytes, encoding: Encoding) -> Element | None:
    """Return the element, or None where its VR is not what its attribute has: an index must not hold such."""
    expected = ATTRIBUTES[tag].vr
    if expected != "SQ":
        is_binary = vr in BINARY_VRS or vr == "SQ"
        return None if is_binary else Element(tag, vr, raw, None, encoding.is_big_endian, "")
    try:
        items = read_items(raw, IMPLICIT if vr == "UN" else encoding)
    except Refused:  # UN of defined length may hold anything
        return None
    return Element(tag, "SQ", b"", items, encoding.is_big_endian, "")


def _columns(scan: Scan, levels: Mapping[Level, JsonObject]) -> Columns:
    has_pixels = bool(scan.pixels.rows)
    found = {name: value for level in levels.values() for name, value in level.items()}

    def text(name: str) -> str:
        return _text(found.get(name))

    def number(name: str) -> int | None:
        return _number(found.get(name))

    return Columns(
        patient_name=text("00100010"),
        patient_id=text("00100020"),
        issuer_of_patient_id=text("00100021"),
        patient_birth_date=parse_date(text("00100030")),
        patient_sex=text("00100040"),
        accession_number=text("00080050"),
        study_id=text("00200010"),
        study_date=parse_date(text("00080020")),
        study_time=parse_time(text("00080030")),
        study_description=text("00081030"),
        referring_physician_name=text("00080090"),
        modality=text("00080060"),
        series_number=number("00200011"),
        series_description=text("0008103E"),
        series_date=parse_date(text("00080021")),
        series_time=parse_time(text("00080031")),
        body_part_examined=text("00180015"),
        laterality=text("00200060"),
        protocol_name=text("00181030"),
        manufacturer=text("00080070"),
        institution_name=text("00080080"),
        station_name=text("00081010"),
        instance_number=number("00200013"),
        rows=scan.pixels.rows if has_pixels else number("00280010"),
        columns=scan.pixels.columns if has_pixels else number("00280011"),
        number_of_frames=scan.pixels.number_of_frames if has_pixels else None,
    )


def _first(element: Json) -> Json:
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def _text(element: Json) -> str:
    value = _first(element)
    if isinstance(value, dict):
        groups = [str(value.get(group, "")) for group in ("Alphabetic", "Ideographic", "Phonetic")]
        value = "=".join(groups).rstrip("=")
    return "" if value is None else str(value).strip()[:LONGEST_TEXT]


def _number(element: Json) -> int | None:
    value = _first(element)
    return value if isinstance(value, int) and abs(value) <= _GREATEST_INTEGER else None
