"""After a working day nothing of a patient lies readable on the disk, but in the database's own files.

The demo does the work with all its processes: web server, worker, broker and their logs.
"""

import base64
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import requests
from pydicom import Dataset

from tests.acceptance.stowing import CONTENT_TYPE, body, parts
from tests.dicom_files import image, written
from tests.servers.demo import Demo, demo

NAME, PATIENT_ID, TEXT = "Zyxwvutsky^Quorindale", "SENTINEL-77431-X", "Vaultedword of the referrer"
STUDY, SERIES = "2.25.7774310000000000000000001", "2.25.7774310000000000000000002"
SOP = "2.25.77743100000000000000000"
PIXELS = np.random.default_rng(77431).integers(0, 4096, (64, 64), dtype="<u2")
IN_ROWS = "db.sqlite3"  # and what SQLite keeps beside it


@dataclass(frozen=True)
class Day:
    """Where everything that was written lies."""

    demo: Demo
    temporary: Path


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A day's work with a patient whose every word can be recognised."""
    root = tmp_path_factory.mktemp("day")
    (root / "temporary").mkdir()
    with demo(root / "data", temporary=root / "temporary") as running:
        _store(running)
        _wait_until_derived(running)
        _read(running)
        _look(running)
        _throw_away(running)
        time.sleep(1.5)  # the broker's file is written once a second
        yield Day(running, root / "temporary")


def sentinel(number: int, **changed: object) -> Dataset:
    """Return an image in which every value that names somebody is known."""
    ds = image(number=number, rows=64, columns=64)
    ds.PatientName, ds.PatientID, ds.AccessionNumber = NAME, PATIENT_ID, "ACC-77431"
    ds.StudyDescription, ds.ReferringPhysicianName = TEXT, f"{NAME}^Referrer"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = STUDY, SERIES, f"{SOP}{number}"
    ds.PixelData = PIXELS.tobytes()
    for name, value in changed.items():
        setattr(ds, name, value)
    return ds


def _store(running: Demo) -> None:
    whole = [written(sentinel(number)) for number in range(1, 6)]
    cut, conflict = written(sentinel(7))[:-100], written(sentinel(1, PatientName=f"{NAME}^Other"))
    for content, status in (
        (body(*whole), 200),
        (body(cut), 409),
        (body(conflict), 409),
        (parts(written(sentinel(8)))[:-20], 400),
    ):
        assert _post(running, content).status_code == status


def _post(running: Demo, content: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {running.text('api_key')}", "Content-Type": CONTENT_TYPE}
    return requests.post(f"{running.text('dicomweb')}/studies", data=content, headers=headers, timeout=60)


def _wait_until_derived(running: Demo) -> None:
    """Wait for metadata and thumbnail of the series."""
    query = "SELECT metadata_version = version AND thumbnail_blob_id IS NOT NULL FROM pacs_series WHERE series_uid = ?"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with sqlite3.connect(f"file:{running.data_dir / IN_ROWS}?mode=ro", uri=True) as rows:
            if rows.execute(query, [SERIES]).fetchone() == (1,):
                return
        time.sleep(0.2)
    raise AssertionError("the worker made no thumbnail")


def _read(running: Demo) -> None:
    series = f"studies/{STUDY}/series/{SERIES}"
    instance = f"{series}/instances/{SOP}1"
    for path, status in (
        (f"studies?PatientName={NAME}&StudyDescription=*{TEXT[:5]}*", 200),
        (f"studies/{STUDY}?accept=application/zip", 200),
        (f"{series}/metadata", 200),
        (f"{series}/thumbnail", 200),
        (f"{instance}/rendered", 200),
        (f"{instance}/frames/1", 200),
        (f"{instance}/bulk/7FE00010", 200),
        (f"{instance}/frames/99", 404),
        (f"{series}/instances/{SOP}9", 404),
        (f"studies?PatientID={PATIENT_ID}&limit=-1", 400),
    ):
        headers = {"Authorization": f"Bearer {running.text('api_key')}"}
        answer = requests.get(f"{running.text('dicomweb')}/{path}", headers=headers, timeout=60)
        assert (path, answer.status_code) == (path, status)


def _look(running: Demo) -> None:
    """Sign in and look at the pages as a person does."""
    email, password = running.owner()
    person = requests.Session()
    person.get(f"{running.url}/login/", timeout=60)
    form = {"username": email, "password": password, "csrfmiddlewaretoken": person.cookies["csrftoken"]}
    person.post(f"{running.url}/login/", data=form, headers={"Referer": running.url}, timeout=60)
    root = f"{running.url}/c/{running.text('slug')}"
    for path in (f"studies/?q={PATIENT_ID}", f"studies/{STUDY}/", "attention/", "bin/"):
        answer = person.get(f"{root}/{path}", timeout=60)
        assert (path, answer.status_code) == (path, 200)


def _throw_away(running: Demo) -> None:
    headers = {"Authorization": f"Bearer {running.text('api_key')}"}
    answer = requests.delete(f"{running.text('dicomweb')}/studies/{STUDY}", headers=headers, timeout=60)
    assert answer.status_code == 204


def needles() -> dict[str, bytes]:
    """Return what must not be found, in each form that a program might write it in."""
    words = [*NAME.split("^"), PATIENT_ID, "ACC-77431", TEXT, STUDY, SERIES, f"{SOP}1"]
    plain = {word: word.encode() for word in words}
    plain |= {f"pixels {row}": PIXELS[row].tobytes()[:32] for row in (0, 31, 63)}
    wide = {f"{name} UTF-16": word.decode("latin-1").encode("utf-16-le") for name, word in plain.items()}
    packed = {
        f"{name} base64 {shift}": base64.b64encode(bytes(shift) + word)[4 * (shift > 0) : -4]
        for name, word in plain.items()
        for shift in range(3)
    }
    return plain | wide | packed | {f"{name} hex": word.hex().encode() for name, word in plain.items()}


def found_in(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Return which needle lies in which file, however upper or lower case it is written."""
    wanted = {name: needle.lower() for name, needle in needles().items()}
    hits = []
    for file in files:
        content = file.read_bytes().lower()
        hits += [(file.name, name) for name, needle in wanted.items() if needle in content]
    return hits


def written_files(folder: Path) -> list[Path]:
    return [
        path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(IN_ROWS)
    ]


def test_nothing_lies_plain_in_the_data_directory(day: Day) -> None:
    files = written_files(day.demo.data_dir)
    kinds = {path.relative_to(day.demo.data_dir).parts[0] for path in files}
    assert kinds >= {"primary", "keys", "logs", "redis"}
    assert found_in(files) == []


def test_nothing_lies_plain_in_temporary_files_and_output(day: Day) -> None:
    assert found_in([*written_files(day.temporary), day.demo.data_dir.with_suffix(".log")]) == []


def test_the_broker_was_used(day: Day) -> None:
    journal = b"".join(path.read_bytes() for path in written_files(day.demo.data_dir / "redis"))
    assert b"pacs.tasks.derive_waiting" in journal


def test_the_same_search_finds_the_patient_in_the_database(day: Day) -> None:
    """Or it would find nothing anywhere."""
    hits = {needle for _, needle in found_in(day.demo.data_dir.glob(f"{IN_ROWS}*"))}
    assert hits >= {"Zyxwvutsky", "Quorindale", PATIENT_ID, TEXT, STUDY, SERIES, f"{SOP}1"}


@pytest.mark.parametrize("form", ["plain", "UTF-16", "base64", "hex"])
def test_the_search_finds_what_is_planted(tmp_path: Path, form: str) -> None:
    data = b"before" + written(sentinel(1)) + b"after"
    plant = {
        "plain": data,
        "UTF-16": data.decode("latin-1").encode("utf-16-le"),
        "base64": base64.b64encode(data),
        "hex": data.hex().upper().encode(),
    }
    (tmp_path / "planted").write_bytes(plant[form])
    names = {name.split(" ")[0] for _, name in found_in([tmp_path / "planted"])}
    assert names >= {"Zyxwvutsky", "Quorindale", PATIENT_ID, "Vaultedword", STUDY, "pixels"}
