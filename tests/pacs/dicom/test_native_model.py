"""Metadata as XML (PS3.19 A.1)."""

from xml.etree import ElementTree

from pacs.dicom.dicom_json import JsonObject
from pacs.dicom.native_model import native_model

_SPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def _attribute(model: JsonObject, tag: str) -> ElementTree.Element:
    root = ElementTree.fromstring(native_model(model))  # noqa: S314 - our own document
    found = root.find(f"{_SPACE}DicomAttribute[@tag='{tag}']")
    assert found is not None
    return found


def test_values_are_numbered_and_escaped() -> None:
    found = _attribute({"00080008": {"vr": "CS", "Value": ["<A>", None, 3]}}, "00080008")
    assert found.attrib == {"tag": "00080008", "vr": "CS", "keyword": "ImageType"}
    values = [(value.get("number"), value.text) for value in found.iter(f"{_SPACE}Value")]
    assert values == [("1", "<A>"), ("2", None), ("3", "3")]


def test_a_name_is_taken_apart() -> None:
    model: JsonObject = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jo^^Dr", "Phonetic": "D"}]}}
    name = _attribute(model, "00100010")[0]
    assert name.tag == f"{_SPACE}PersonName"
    told = [
        (group.tag.removeprefix(_SPACE), part.tag.removeprefix(_SPACE), part.text)
        for group in name
        for part in group
    ]
    assert told == [
        ("Alphabetic", "FamilyName", "Doe"),
        ("Alphabetic", "GivenName", "Jo"),
        ("Alphabetic", "NamePrefix", "Dr"),
        ("Phonetic", "FamilyName", "D"),
    ]


def test_sequences_hold_items() -> None:
    item: JsonObject = {"00081150": {"vr": "UI", "Value": ["1.2"]}}
    found = _attribute({"00081115": {"vr": "SQ", "Value": [item, {}]}}, "00081115")
    assert [child.get("number") for child in found] == ["1", "2"]
    assert found[0][0].get("keyword") == "ReferencedSOPClassUID"


def test_binary_values_are_inline_or_addressed() -> None:
    model: JsonObject = {
        "00091010": {"vr": "OB", "InlineBinary": "AAE="},
        "7FE00010": {"vr": "OW", "BulkDataURI": "/b/7FE00010?a=1&b=2"},
    }
    assert _attribute(model, "00091010")[0].text == "AAE="
    assert _attribute(model, "7FE00010")[0].get("uri") == "/b/7FE00010?a=1&b=2"


def test_a_private_attribute_names_its_creator() -> None:
    model: JsonObject = {
        "00090011": {"vr": "LO", "Value": ['ACME "1"']},
        "00091102": {"vr": "LO", "Value": ["x"]},
    }
    assert _attribute(model, "00091102").get("privateCreator") == 'ACME "1"'
    assert _attribute(model, "00090011").get("privateCreator") is None


def test_what_xml_cannot_hold_is_left_out() -> None:
    model: JsonObject = {"00100020": {"vr": "LO", "Value": ["a\0b\x1bc\ufffed\ud800e"]}}
    assert _attribute(model, "00100020")[0].text == "abcde"
