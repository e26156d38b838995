"""How much of each work is done, and on which servers."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.client import Server
from tests.bench.images import Series
from tests.bench.product import Product
from tests.bench.report import Goal, Row, Side, Unit


@dataclass(frozen=True)
class Size:
    """How much of each work."""

    slices: int
    series: int
    studies: int
    queries: int
    listed: int
    archive: int
    rounds: int
    large_mebibytes: int


FULL = Size(
    slices=1000, series=200, studies=2000, queries=50, listed=20_000, archive=1_000_000, rounds=5,
    large_mebibytes=1024,
)  # fmt: skip
QUICK = Size(
    slices=200,
    series=100,
    studies=200,
    queries=20,
    listed=2_000,
    archive=20_000,
    rounds=3,
    large_mebibytes=128,
)


@dataclass
class Bench:
    """The servers side by side, and what earlier work left on them for later work to read."""

    size: Size
    product: Product
    orthanc: Server | None
    stored: Series | None = None

    @property
    def servers(self) -> list[Server]:
        """Orthanc first, where it is, then ours."""
        ours = self.product.clinic.server
        return [ours] if self.orthanc is None else [self.orthanc, ours]

    def row(self, work: str, unit: Unit, sides: Sequence[Side], goal: Goal | None = None) -> Row:
        """Return a row of what each of `servers` did."""
        orthanc = sides[0] if self.orthanc is not None else None
        return Row(work, unit, sides[-1], orthanc, goal)
