"""`python -m tests.bench [--quick] [part …]`: the benchmarks, beside Orthanc where it is installed."""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import orthanc
from tests.bench.memory import memory
from tests.bench.product import product
from tests.bench.reading import frames, metadata
from tests.bench.report import LEGEND, Row, table
from tests.bench.searching import million, qido
from tests.bench.sizes import FULL, QUICK, Bench
from tests.bench.storing import stow, studies

PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "stow": stow,
    "studies": studies,
    "metadata": metadata,
    "frames": frames,
    "qido": qido,
    "million": million,
    "memory": memory,
}
NOTES = """\
Orthanc's study list was measured with what the works before had stored in it; at 20 000 studies on SQLite it takes
about 450 ms on a machine of two cores."""


def main() -> None:
    """Run what was asked for, and print it; everything that was started or made is gone afterwards."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = Path(tempfile.mkdtemp(prefix="cloud-pacs-bench-", dir=asked.scratch))
    rows: list[Row] = []
    try:
        with ExitStack() as servers:
            bench = _start(servers, scratch, is_quick=asked.quick)
            for name in asked.parts or PARTS:
                for row in PARTS[name](bench):
                    rows.append(row)
                    _say(f"  done: {table([row]).splitlines()[-1]}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _say(f"\n{_machine()}\n\n{table(rows)}\n\n{LEGEND}\n{NOTES}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"one or more of {', '.join(PARTS)}; default all"
    )
    parser.add_argument("--quick", action="store_true", help="a little of each; for trying, not for judging")
    parser.add_argument(
        "--scratch", default=None, help="a folder on the disk to measure; default the system's"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return asked


def _start(servers: ExitStack, scratch: Path, *, is_quick: bool) -> Bench:
    missing = orthanc.missing()
    if missing:
        _say(f"Without Orthanc, for {', '.join(missing)} is not installed (make system).")
    theirs = None if missing else servers.enter_context(orthanc.orthanc(scratch / "orthanc"))
    _say(f"Starting the product ({time.strftime('%H:%M:%S')}) …")
    ours = servers.enter_context(product(scratch / "product"))
    return Bench(QUICK if is_quick else FULL, ours, theirs)


def _machine() -> str:
    name = f"Orthanc {orthanc.version()}" if not orthanc.missing() else "no Orthanc"
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, {name}, load average {loads}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
