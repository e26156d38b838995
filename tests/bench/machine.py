"""What work costs the machine: time, processor seconds of a server and of its database, load, memory.

Where other work runs beside a benchmark its times say little; processor seconds say nearly the same as ever.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import databases
from tests.bench.client import Server

_TICK = os.sysconf("SC_CLK_TCK")
_BACKGROUND = (b"celery", b"redis-server")
_PROC = Path("/proc")
_RESTS_BELOW = 0.05  # processors
_RESTS_WITHIN_SECONDS = 240.0


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and on the processors, and what else went on: load average, others' share of the machine."""

    seconds: float
    server: float
    background: float
    database: float
    load: float
    others: float


@dataclass
class Meter:
    """Holds the cost once the metered block has ended."""

    cost: Cost | None = None

    @property
    def known(self) -> Cost:
        """The cost; for after the block."""
        assert self.cost is not None
        return self.cost


@contextmanager
def metered(server: Server) -> Iterator[Meter]:
    """Measure what the block makes a server do."""
    meter = Meter()
    before, started = _Spent.now(server), time.perf_counter()
    yield meter
    seconds, after = time.perf_counter() - started, _Spent.now(server)
    spent = after.since(before)
    own = spent.server + spent.background + spent.database + spent.client
    others = max(0.0, spent.machine - own) / (seconds * (os.cpu_count() or 1))
    meter.cost = Cost(seconds, spent.server, spent.background, spent.database, os.getloadavg()[0], others)


@dataclass(frozen=True)
class _Spent:
    """Processor seconds so far, by process where processes may end meanwhile."""

    by_server: dict[int, float]
    by_background: dict[int, float]
    by_database: dict[int, float]
    by_client: float
    by_machine: float

    @classmethod
    def now(cls, server: Server) -> "_Spent":
        pids = tree(server.pid)
        background = {pid for pid in pids if _is_background(pid)}
        return cls(
            _used(pids - background),
            _used(background),
            _used(databases.backends(server.database)),
            time.process_time(),
            _busy(),
        )

    def since(self, before: "_Spent") -> "_Difference":
        return _Difference(
            _grown(before.by_server, self.by_server),
            _grown(before.by_background, self.by_background),
            _grown(before.by_database, self.by_database),
            self.by_client - before.by_client,
            self.by_machine - before.by_machine,
        )


@dataclass(frozen=True)
class _Difference:
    server: float
    background: float
    database: float
    client: float
    machine: float


def tree(pid: int) -> set[int]:
    """Return a process with all that descend from it."""
    parents = {child: parent for child in _pids() if (parent := _parent(child))}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def wait_until_rests(server: Server) -> None:
    """Wait until a server has done what it does behind its answers."""
    deadline = time.monotonic() + _RESTS_WITHIN_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        before = _Spent.now(server)
        time.sleep(1)
        spent = _Spent.now(server).since(before)
        quiet = quiet + 1 if spent.server + spent.background + spent.database < _RESTS_BELOW else 0


def forget_peaks(pids: set[int]) -> None:
    """Have the kernel forget the largest memory that processes held so far."""
    for pid in pids:
        (_PROC / str(pid) / "clear_refs").write_text("5")


def peak_mebibytes(pids: set[int]) -> dict[int, float]:
    """Return the largest resident memory of processes since `forget_peaks`."""
    return {pid: _status_kibibytes(pid, "VmHWM") / 1024 for pid in pids}


def children_of(pid: int, *, named: bytes) -> set[int]:
    """Return the descendants whose command line has a word, but not the first of them, which is their parent."""
    having = {child for child in tree(pid) if named in _command(child)}
    return {child for child in having if _parent(child) in having}


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208  (names alone, thousands of them)


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold spaces; none where the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _used(pids: set[int]) -> dict[int, float]:
    """Return processor seconds by process, those of its ended children included (proc(5): fields 14 to 17)."""
    return {pid: sum(map(int, fields[11:15])) / _TICK for pid in pids if (fields := _stat(pid))}


def _grown(before: dict[int, float], after: dict[int, float]) -> float:
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def _busy() -> float:
    """Return the processor seconds of the whole machine that were neither idle nor waiting for a disk."""
    fields = list(map(int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / _TICK


def _command(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _is_background(pid: int) -> bool:
    command = _command(pid)
    return any(word in command for word in _BACKGROUND)


def _status_kibibytes(pid: int, name: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0
