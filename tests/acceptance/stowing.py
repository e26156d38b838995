"""Sending files over STOW-RS, and reading what was answered for each (PS3.18 §10.5)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from django.http import HttpResponse
from django.test import Client

from tests.conftest import Clinic

BOUNDARY = "a1f0-boundary-of-the-acceptance-tests"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
_DELIMITER = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
END = f"--{BOUNDARY}--\r\n".encode()

Item = Mapping[str, Mapping[str, Sequence[object]]]
Answer = Mapping[str, Mapping[str, Sequence[Item]]]


@dataclass(frozen=True)
class Verdict:
    """What the answer tells of one file: `stored`, `same` or `refused`, and why."""

    status: str
    sop_uid: str = ""
    retrieve_url: str = ""
    code: int = 0
    sentence: str = ""


def parts(*files: bytes) -> bytes:
    """Return the parts of a body, without its end."""
    return b"".join(_DELIMITER + data + b"\r\n" for data in files)


def body(*files: bytes) -> bytes:
    """Return a whole body."""
    return parts(*files) + END


def send(client: Client, clinic: Clinic, *files: bytes) -> list[Verdict]:
    """Store files through Django's client."""
    path = f"{clinic.root}/dicom-web/studies"
    answer = cast(HttpResponse, client.generic("POST", path, body(*files), content_type=CONTENT_TYPE))
    assert answer.status_code in (200, 202, 409), answer.content
    return verdicts(json.loads(answer.content))


def verdicts(answer: Answer) -> list[Verdict]:
    """Return what is told of each file: stored ones first, then refused ones."""
    return [*_accepted(answer), *_refused(answer)]


def _accepted(answer: Answer) -> Iterator[Verdict]:
    for item in answer.get("00081199", {}).get("Value", []):
        is_same = item.get("00081196", {}).get("Value") == [0xB010]
        uid, url = (str(item[tag]["Value"][0]) for tag in ("00081155", "00081190"))
        yield Verdict("same" if is_same else "stored", uid, url)


def _refused(answer: Answer) -> Iterator[Verdict]:
    for name in ("00081198", "0008119A"):
        for item in answer.get(name, {}).get("Value", []):
            uid = item.get("00081155", {}).get("Value", [""])[0]
            code, sentence = item["00081197"]["Value"][0], item["00000902"]["Value"][0]
            yield Verdict("refused", str(uid), code=cast(int, code), sentence=str(sentence))
