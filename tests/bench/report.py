"""What was measured, and the table that says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tests.bench.machine import Cost


class Unit(Enum):
    """How a figure is told."""

    RATE = "/s"
    MILLISECONDS = "ms"
    MEBIBYTES = "MiB"


@dataclass(frozen=True)
class Goal:
    """What must be reached: so many times better than Orthanc, or at most a figure."""

    times: float = 0.0
    at_most: float = 0.0

    def __str__(self) -> str:
        return f"≥ {self.times:g}×" if self.times else f"≤ {self.at_most:g}"


@dataclass(frozen=True)
class Side:
    """One server's figure in a row, with what `units` pieces of the work cost."""

    figure: float
    cost: Cost | None = None
    units: int = 1


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    unit: Unit
    ours: Side
    orthanc: Side | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better ours is."""
        if self.orthanc is None:
            return None
        ours, theirs = self.ours.figure, self.orthanc.figure
        return ours / theirs if self.unit is Unit.RATE else theirs / ours

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or nothing to compare with."""
        if self.goal is None:
            return None
        if self.goal.at_most:
            return self.ours.figure <= self.goal.at_most
        return None if self.ratio is None else self.ratio >= self.goal.times


HEADINGS = ("work", "Orthanc", "ours", "ratio", "goal", "reached", "load", "CPU Orthanc", "CPU ours")
LEGEND = """\
ratio: how many times better. load: load average at the end of the work, for Orthanc and ours; in brackets how much
of the machine was busy with neither server nor client. CPU: processor milliseconds for one unit of the work, in the
server (ours: in the web server and, behind a +, in worker and broker) and, behind the /, in the database."""


def table(rows: Sequence[Row]) -> str:
    """Return the table as text in columns."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        line[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.work,
        _figure(row.orthanc, row.unit),
        _figure(row.ours, row.unit),
        "–" if row.ratio is None else f"{row.ratio:.2f}×",
        "–" if row.goal is None else str(row.goal),
        {True: "yes", False: "NO", None: "–"}[row.is_reached],
        " ".join(_load(side) for side in (row.orthanc, row.ours) if side and side.cost) or "–",
        _cpu(row.orthanc),
        _cpu(row.ours),
    )


def _figure(side: Side | None, unit: Unit) -> str:
    if side is None:
        return "–"
    digits = 0 if side.figure >= 100 else 1
    return f"{side.figure:.{digits}f} {unit.value}"


def _load(side: Side) -> str:
    return f"{side.cost.load:.1f} ({side.cost.others:.0%})" if side.cost else ""


def _cpu(side: Side | None) -> str:
    if side is None or side.cost is None:
        return "–"
    server, background, database = (
        1000 * seconds / side.units
        for seconds in (side.cost.server, side.cost.background, side.cost.database)
    )
    behind = f"+{background:.1f}" if background else ""
    return f"{server:.1f}{behind}/{database:.1f}"
