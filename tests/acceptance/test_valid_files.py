"""Every valid file of the public data goes in, and comes back bit for bit.

Seventeen of them bear a UID that an earlier file has: the clinic that has it answers that it is the same image, or
holds the file as a conflict. Each goes to another clinic as well, where nothing is in its way.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.http import StreamingHttpResponse

from pacs.models import HeldFile, Instance
from tenants import entry
from tests.acceptance.house import House, require_consistent, require_nothing_unfinished
from tests.acceptance.pack import PackFile, valid_files
from tests.acceptance.stowing import Verdict, send
from tests.conftest import Clinic, make_clinic, with_key

pytestmark = pytest.mark.shared
BATCH = 50
# Other names, 16 bits for 32, and an encoder that added a sequence.
CONFLICTS = {
    "charsets/chrFrenMulti.dcm",
    "transfer-syntaxes/SC_rgb_rle_16bit_2frame.dcm",
    "transfer-syntaxes/ct-jpeg-lossless-p14.dcm",
    "transfer-syntaxes/ct-jpeg-lossless-sv1.dcm",
}


@dataclass
class Sent:
    """What went where, and what was answered; `again` is what the clinic said that had the UID already."""

    clinics: list[Clinic]
    answers: list[list[Verdict]]
    places: dict[str, tuple[Clinic, str]] = field(default_factory=dict)
    again: dict[str, Verdict] = field(default_factory=dict)


@pytest.fixture(scope="module")
def sent(house: House) -> Sent:
    """Send the whole pack: the first file of each UID to the first clinic, the second to the second, and so on."""
    rounds = list(_rounds())
    further = [make_clinic(f"clinic-{number}", "dora") for number in range(3, len(rounds) + 1)]
    sent = Sent([house.first, house.second, *further], [])
    for files, clinic in zip(rounds, sent.clinics, strict=True):
        machine = with_key(clinic.api_key)
        batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
        answers = [send(machine, clinic, *(file.read() for file in batch)) for batch in batches]
        sent.answers.append([verdict for answer in answers for verdict in answer])
        urls = {verdict.sop_uid: verdict.retrieve_url for verdict in sent.answers[-1]}
        sent.places |= {file.path: (clinic, urls[file.sop_uid]) for file in files}
    north = with_key(house.first.api_key)
    for file in (file for files in rounds[1:] for file in files):
        [sent.again[file.path]] = send(north, house.first, file.read())
    return sent


def _rounds() -> Iterator[list[PackFile]]:
    """Yield the first file of each UID, then the second of those that have one, and so on."""
    left = list(valid_files())
    while left:
        chosen = {file.sop_uid: file for file in reversed(left)}
        yield list(chosen.values())[::-1]
        left = [file for file in left if chosen[file.sop_uid] is not file]


def test_every_file_is_stored_in_a_clinic(sent: Sent) -> None:
    verdicts = [verdict for answers in sent.answers for verdict in answers]
    assert Counter(verdict.status for verdict in verdicts) == {"stored": 637}
    assert sorted(verdict.sop_uid for verdict in verdicts) == sorted(file.sop_uid for file in valid_files())
    assert (len(sent.answers[0]), len(sent.again)) == (620, 17)


def test_other_bytes_of_a_stored_uid_are_the_same_image_or_a_conflict(sent: Sent) -> None:
    assert Counter(verdict.status for verdict in sent.again.values()) == {"same": 13, "refused": 4}
    refused = {path for path, verdict in sent.again.items() if verdict.status == "refused"}
    assert refused == CONFLICTS
    assert {sent.again[path].code for path in refused} == {0x0111}


def test_conflicts_are_held_bit_for_bit(sent: Sent) -> None:
    with entry.enter(sent.clinics[0].tenant):
        held = {bytes(row.plain_sha256).hex(): row.reason for row in HeldFile.objects.all()}
    expected = {file.sha256: "conflict" for file in valid_files() if file.path in CONFLICTS}
    assert held == expected


def test_every_file_comes_back_bit_for_bit(sent: Sent) -> None:
    changed = [file.path for file in valid_files() if _returned_sha256(sent, file) != file.sha256]
    assert changed == []


def test_no_preamble_had_to_be_blanked(sent: Sent) -> None:
    """A preamble that a program could run is kept and sent as zeros; in this pack all of those are broken files."""
    for clinic in sent.clinics:
        with entry.enter(clinic.tenant):
            assert not Instance.objects.filter(has_active_preamble=True).exists()


def test_what_is_stored_agrees_with_itself(sent: Sent) -> None:
    for clinic in sent.clinics:
        require_consistent(clinic)
    require_nothing_unfinished()


def _returned_sha256(sent: Sent, file: PackFile) -> str:
    clinic, url = sent.places[file.path]
    wish = {"accept": "application/dicom; transfer-syntax=*"}
    answer = with_key(clinic.api_key).get(url, headers=wish)
    assert isinstance(answer, StreamingHttpResponse), (file.path, answer.status_code)
    digest = hashlib.sha256()
    for chunk in answer.streaming_content:
        digest.update(bytes(chunk))
    return digest.hexdigest()
