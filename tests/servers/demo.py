"""The demo as a newcomer starts it: its own processes, database and keys in a new folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120
OTHERS = (
    "DATABASE",
    "BROKER",
    "PRIMARY_STORE",
    "BACKUP_STORE",
    "KEY_PROVIDER",
    "DJANGO_",
    "PYTEST",
    "LOG_LEVEL",
)


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    url: str
    data_dir: Path
    clinics: list[Mapping[str, object]]

    def owner(self, number: int = 0) -> tuple[str, str]:
        """Return e-mail address and password of a clinic's owner."""
        owner = self.clinics[number]["owner"]
        assert isinstance(owner, dict)
        return owner["email"], owner["password"]

    def text(self, name: str, number: int = 0) -> str:
        """Return `slug`, `dicomweb` or `api_key` of a clinic."""
        return str(self.clinics[number][name])


@contextmanager
def demo(data_dir: Path, *, temporary: Path | None = None) -> Iterator[Demo]:
    """Yields once `demo.json` says that everything serves. The folder is new; `temporary` is where TMPDIR points."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    environment |= {"DATA_DIR": str(data_dir), "PORT": str(port)}
    environment |= {"TMPDIR": str(temporary)} if temporary else {}
    log = data_dir.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        yield _ready(data_dir, process, log)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _ready(data_dir: Path, process: "subprocess.Popen[bytes]", log: Path) -> Demo:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if (data_dir / "demo.json").is_file():
            told = json.loads((data_dir / "demo.json").read_text(encoding="utf-8"))
            return Demo(told["url"], data_dir, told["clinics"])
        time.sleep(0.1)
    raise RuntimeError(f"the demo does not start:\n{log.read_text(errors='replace')}")
