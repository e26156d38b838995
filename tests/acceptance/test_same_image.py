"""The same image again, by another encoder or through another archive: success, nothing new, billed once."""

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pacs.dicom.codings import DECODABLE
from tests.acceptance.house import House, require_consistent, rows
from tests.acceptance.pack import PACK, PackFile, valid_files
from tests.acceptance.stowing import Verdict, send
from tests.conftest import Clinic, with_key
from tests.pacs.dicom.test_sameness_encoders import ENCODERS
from tests.servers.orthanc import Archive, orthanc

pytestmark = pytest.mark.shared
UNTAKEN = (
    subprocess.CalledProcessError,
    ValueError,
    RuntimeError,
    AttributeError,
    NotImplementedError,
    KeyError,
)


def one_of_each_uid(files: Sequence[PackFile]) -> list[PackFile]:
    return list({file.sop_uid: file for file in reversed(files)}.values())[::-1]


def some_of_all_kinds() -> list[PackFile]:
    """Return one file of each folder of the studies, and all of every other folder."""
    seen: set[Path] = set()
    chosen = []
    for file in one_of_each_uid(valid_files()):
        folder = Path(file.path).parent
        if file.path.startswith("studies/") and folder in seen:
            continue
        seen.add(folder)
        chosen.append(file)
    return chosen


def is_lossless(file: PackFile) -> bool:
    coding = DECODABLE.get(file.transfer_syntax)
    return coding is not None and coding.is_lossless


def store(clinic: Clinic, contents: Sequence[bytes]) -> list[Verdict]:
    machine = with_key(clinic.api_key)
    batches = [contents[start : start + 40] for start in range(0, len(contents), 40)]
    return [verdict for batch in batches for verdict in send(machine, clinic, *batch)]


@pytest.fixture(scope="module")
def stored(house: House) -> list[PackFile]:
    """Store some files of all kinds in the first clinic."""
    files = some_of_all_kinds()
    verdicts = store(house.first, [file.read() for file in files])
    assert Counter(verdict.status for verdict in verdicts) == {"stored": len(files)}
    return files


@pytest.mark.parametrize("encoder", ["dcmcrle", "dcmcjpls", "dcmcjpeg", "dcmconv +tb", "pydicom JPEG 2000"])
def test_another_encoding_is_the_same_image(
    house: House, stored: list[PackFile], tmp_path: Path, encoder: str
) -> None:
    recode, _ = ENCODERS[encoder]
    before, again = rows(house.first), []
    for file in filter(is_lossless, stored):
        try:
            again.append(recode(file.read(), tmp_path))
        except UNTAKEN:
            continue  # not every encoder takes every image
    verdicts = store(house.first, again)
    assert [verdict for verdict in verdicts if verdict.status != "same"] == []
    assert len(verdicts) > 30
    assert rows(house.first) == before


def test_nothing_was_billed_twice(house: House, stored: list[PackFile]) -> None:
    require_consistent(house.first)
    assert rows(house.first)["Instance"] == len(stored)


# Through Orthanc: C-STORE carries no file meta, and each toolkit writes lengths and padding as it likes


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


def through(archive: Archive, files: Sequence[PackFile]) -> list[bytes]:
    archive.take([PACK / file.path for file in files])
    returned = [archive.file(file.sop_uid) for file in files]
    return [content for content in returned if content is not None]


def test_what_went_through_another_archive_is_the_same_image(
    house: House, stored: list[PackFile], archive: Archive
) -> None:
    before = rows(house.first)
    returned = through(archive, stored)
    verdicts = store(house.first, returned)
    assert [verdict for verdict in verdicts if verdict.status != "same"] == []
    assert len(verdicts) >= 60
    assert rows(house.first) == before


def test_what_another_archive_decoded_is_the_same_image(
    house: House, stored: list[PackFile], archive: Archive
) -> None:
    """Sent on to a receiver that takes implicit little endian alone."""
    lossless = [file for file in stored if is_lossless(file)]
    through(archive, lossless)
    archive.send([file.sop_uid for file in lossless])
    before = rows(house.first)
    verdicts = store(house.first, [path.read_bytes() for path in sorted(archive.received.iterdir())])
    assert [verdict for verdict in verdicts if verdict.status != "same"] == []
    assert len(verdicts) >= 50
    assert rows(house.first) == before


@pytest.mark.long
def test_the_whole_pack_goes_through_another_archive_and_back(house: House, archive: Archive) -> None:
    files = one_of_each_uid(valid_files())
    store(house.second, [file.read() for file in files])
    before = rows(house.second)
    verdicts = store(house.second, through(archive, files))
    assert [verdict for verdict in verdicts if verdict.status != "same"] == []
    assert len(verdicts) >= 600
    assert rows(house.second) == before
