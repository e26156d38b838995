"""The DICOM JSON Model as the XML of the Native DICOM Model (PS3.19 Annex A.1)."""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from pydicom._dicom_dict import DicomDictionary

from pacs.dicom.dicom_json import JsonObject
from pacs.dicom.values import Json

_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def native_model(model: JsonObject) -> bytes:
    """Return a data set in DICOM JSON as an XML document in UTF-8."""
    body = _data_set(model)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<NativeDicomModel xmlns="{_NAMESPACE}">{body}</NativeDicomModel>'.encode()


def _data_set(model: Mapping[str, Json]) -> str:
    creators = {name: _only_text(element) for name, element in model.items() if _is_creator(name)}
    return "".join(_attribute(name, element, creators) for name, element in model.items())


def _attribute(name: str, element: Json, creators: Mapping[str, str]) -> str:
    if not isinstance(element, dict):
        return ""
    attributes = f'tag="{name}" vr="{element.get("vr", "UN")}"'
    known = DicomDictionary.get(int(name, 16))
    if known is not None and known[4]:
        attributes += f' keyword="{known[4]}"'
    creator = creators.get(f"{name[:4]}00{name[4:6]}")
    if creator and int(name[3], 16) % 2 and not _is_creator(name):
        attributes += f" privateCreator={quoteattr(_plain(creator))}"
    return f"<DicomAttribute {attributes}>{_content(element)}</DicomAttribute>"


def _content(element: Mapping[str, Json]) -> str:
    if "BulkDataURI" in element:
        return f"<BulkData uri={quoteattr(_plain(str(element['BulkDataURI'])))}/>"
    if "InlineBinary" in element:
        return f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
    values = element.get("Value")
    numbered = enumerate(values if isinstance(values, list) else [], 1)
    return "".join(_value(number, value, str(element.get("vr"))) for number, value in numbered)


def _value(number: int, value: Json, vr: str) -> str:
    if vr == "SQ":
        return f'<Item number="{number}">{_data_set(value) if isinstance(value, dict) else ""}</Item>'
    if vr == "PN":
        return f'<PersonName number="{number}">{_name(value) if isinstance(value, dict) else ""}</PersonName>'
    return f'<Value number="{number}">{"" if value is None else escape(_plain(str(value)))}</Value>'


def _name(groups: Mapping[str, Json]) -> str:
    return "".join(_name_group(group, str(groups[group])) for group in _NAME_GROUPS if group in groups)


def _name_group(group: str, text: str) -> str:
    parts = zip(_NAME_PARTS, text.split("^"), strict=False)
    inner = "".join(f"<{part}>{escape(_plain(value))}</{part}>" for part, value in parts if value)
    return f"<{group}>{inner}</{group}>"


def _is_creator(name: str) -> bool:
    return int(name[3], 16) % 2 == 1 and name[4:6] == "00" and name[6:] >= "10"


def _only_text(element: Json) -> str:
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _plain(text: str) -> str:
    """Remove the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("", text)
