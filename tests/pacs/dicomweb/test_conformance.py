"""CONFORMANCE.md says what the code does: each of its tables is compared with the one it tells of."""

import re
from collections import defaultdict
from pathlib import Path

import pacs.dicomweb
from pacs.dicom.codings import DECODABLE
from pacs.dicom.dicom_json import INLINE_LIMIT
from pacs.dicom.reasons import FAILURE_CODES
from pacs.dicom.tags import ATTRIBUTES, Level
from pacs.dicomweb import stow, wado_frames
from pacs.dicomweb.errors import ANSWERS
from pacs.dicomweb.media_types import MEDIA_TYPE_OF_SYNTAX, OCTET_STREAM
from pacs.dicomweb.ranges import Unsatisfiable
from pacs.ingest.outcomes import INGEST_CODES
from pacs.retrieve.frames import forms
from pacs.search.find import COUNTED_AT_MOST, ROWS_AT_MOST, ROWS_BY_DEFAULT
from tests.rules.routes import routes

TEXT = (Path(pacs.dicomweb.__file__).parent / "CONFORMANCE.md").read_text(encoding="utf-8")
ROOT = "c/<slug:slug>/dicom-web"
PARAMETERS = {"study_uid": "study", "series_uid": "series", "sop_uid": "sop", "frame_list": "frames"}


def table(first_column: str) -> list[list[str]]:
    """Return the rows of the table whose head begins so."""
    start = TEXT.index(f"| {first_column} |")
    lines = TEXT[start:].split("\n\n")[0].splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def listed(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",")]


def test_every_address_is_named_with_its_methods() -> None:
    served = {}
    for route in routes():
        if route.pattern.startswith(ROOT) and "/beside/" not in route.pattern:
            address = re.sub(r"<\w+:(\w+)>", lambda m: f"{{{PARAMETERS.get(m[1], m[1])}}}", route.pattern)
            served[address.partition("/dicom-web")[2]] = sorted(getattr(route.view, "doors", {"GET": None}))
    assert {address: sorted(listed(methods)) for address, methods, _ in table("Address")} == served


def test_the_searches_stand_once_more_beside_studies() -> None:
    patterns = {route.pattern for route in routes() if route.pattern.startswith(ROOT)}
    beside = {pattern for pattern in patterns if "/beside/" in pattern}
    plain = {pattern.replace("/beside/<str:beside>", "") for pattern in beside}
    searches = {address for address, _, service in table("Address") if "QIDO-RS" in service}
    assert plain < patterns
    assert len(beside) == len(searches)


def test_every_media_type_of_frames_is_named() -> None:
    told: dict[str, tuple[str, str]] = {}
    for media_type, decoded, syntaxes in table("Media type"):
        for suffix in re.findall(r"\((?:itself)\)|\.[0-9.]+", syntaxes):
            told["1.2.840.10008.1.2" + ("" if suffix == "(itself)" else suffix)] = (media_type, decoded)
    known = {
        uid: (MEDIA_TYPE_OF_SYNTAX.get(uid, OCTET_STREAM), _decoded(uid))
        for uid in MEDIA_TYPE_OF_SYNTAX.keys() | DECODABLE.keys()
    }
    assert told == known


def _decoded(uid: str) -> str:
    if forms(uid).is_stored_decoded:
        return "as stored"
    if uid not in DECODABLE:
        return "no"
    return "losslessly" if DECODABLE[uid].is_lossless else "lossy"


def test_every_attribute_that_searches_return_is_named() -> None:
    by_level: dict[str, set[str]] = {level.value: set() for level in Level}
    for attribute in ATTRIBUTES.values():
        by_level[attribute.level.value].add(attribute.keyword)
    assert {level: set(listed(keywords)) for level, keywords in table("Level")} == by_level


def test_every_cause_of_refusal_is_named_with_its_code() -> None:
    codes = {str(reason.value): f"{code:04X}" for reason, code in FAILURE_CODES.items()}
    codes |= {str(reason): f"{code:04X}" for reason, code in INGEST_CODES.items()}
    told = {cause: code for code, causes in table("Failure reason") for cause in listed(causes)}
    assert told == codes


def test_every_status_of_an_error_is_named() -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for status, _, kinds in table("Status"):
        for kind in listed(kinds):
            told[kind].add(status)
    answered = {kind.__name__: {str(answer.status)} for kind, answer in ANSWERS.items()}
    for error, (code, _) in stow.FAULTS.items():
        answered.setdefault(error.__name__, set()).add(str(code))
    assert told == answered | {Unsatisfiable.__name__: {"416"}}


def test_the_limits_are_those_of_the_code() -> None:
    for sentence in (
        f"`limit` is {ROWS_BY_DEFAULT} by default and {ROWS_AT_MOST:,} at most",
        f"`X-Total-Count` is exact up to {COUNTED_AT_MOST:,}",
        f"at most {wado_frames.FRAMES_AT_MOST:,} in one list",
        f"Binary values above {INLINE_LIMIT:,} bytes",
    ):
        assert sentence in TEXT
