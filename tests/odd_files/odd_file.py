"""What an odd file is."""

from collections.abc import Callable
from dataclasses import dataclass

from pacs.dicom.reasons import Reason


@dataclass(frozen=True, slots=True)
class OddFile:
    """A file and the verdict on it: a reason of refusal, or None where it must be taken."""

    name: str
    story: str
    verdict: Reason | None
    build: Callable[[], bytes]
