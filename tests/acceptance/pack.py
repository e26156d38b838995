"""The public data beside the checkout: every file with what its index tells of it."""

import csv
from dataclasses import dataclass
from functools import cache

from tests.conftest import SHARED

PACK = SHARED / "data" / "dicom"


@dataclass(frozen=True)
class PackFile:
    """One line of the index."""

    path: str
    modality: str
    transfer_syntax: str
    study_uid: str
    series_uid: str
    sop_uid: str
    sha256: str

    def read(self) -> bytes:
        """Return the file."""
        return (PACK / self.path).read_bytes()


@cache
def valid_files() -> tuple[PackFile, ...]:
    """Return the files that must be taken."""
    return tuple(file for file in _all_files() if file.sop_uid and not _is_bad(file))


@cache
def bad_files() -> tuple[PackFile, ...]:
    """Return the damaged and unusual files, and those that are no DICOM."""
    return tuple(file for file in _all_files() if _is_bad(file))


def _is_bad(file: PackFile) -> bool:
    return file.path.startswith(("broken/", "non-dicom/"))


@cache
def _all_files() -> tuple[PackFile, ...]:
    if not (PACK / "index.csv").is_file():
        return ()
    with (PACK / "index.csv").open(encoding="utf-8", newline="") as table:
        lines = list(csv.DictReader(table))
    return tuple(PackFile(**{name: line[name] for name in PackFile.__dataclass_fields__}) for line in lines)
