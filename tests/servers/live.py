"""The product's web server as a process of its own, on the suite's database and in its data directory."""

import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import free_port, running

READY_SECONDS = 60.0


@dataclass(frozen=True)
class LiveServer:
    """A running web server."""

    port: int
    log: Path
    master: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Return the process ids of its workers, oldest first; a worker that died has a successor of another id."""
        return children(self.master)


@contextmanager
def live_server(folder: Path, *, workers: int = 2) -> Iterator[str]:
    """Yields the address of a server, without a slash at the end, once it listens; its log lies in the folder."""
    with live_process(folder, workers=workers) as server:
        yield server.url


@contextmanager
def live_process(
    folder: Path,
    *,
    workers: int = 2,
    configuration: str = "deploy.gunicorn",
    environment: Mapping[str, str] | None = None,
) -> Iterator[LiveServer]:
    """Yields a server with its processes, once it serves. `environment` is added to that of the tests."""
    port, log = free_port(), folder / "gunicorn.log"
    command = [
        *(sys.executable, "-m", "gunicorn", "deploy.wsgi", "--config", f"python:{configuration}"),
        *("--bind", f"127.0.0.1:{port}"),
    ]
    told = {
        **{"DJANGO_SETTINGS_MODULE": "deploy.settings", "LOG_LEVEL": "INFO"},
        **{"WEB_WORKERS": str(workers), "WEB_THREADS": "4"},
        **(environment or {}),
    }
    with running(command, port=port, log=log, environment=own_environment() | told) as process:
        server = LiveServer(port, log, process.pid)
        _wait_until_ready(server, workers)
        yield server


def own_environment() -> dict[str, str]:
    """Return the tests' environment without what is for the process alone that drives a browser."""
    return {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}


def _wait_until_ready(server: LiveServer, workers: int) -> None:
    """The master listens before its workers serve."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.url}/health/ready", timeout=READY_SECONDS):
                pass
            if len(server.workers()) == workers:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the web server does not serve:\n{server.log.read_text(errors='replace')}")


def children(pid: int) -> list[int]:
    """Return the direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and those below it have taken: another's work does not count."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(child) for child in children(pid))


def resident_bytes(pid: int) -> int:
    """Return what a process holds in memory now."""
    return _status(pid, "VmRSS")


def forget_peak(pid: int) -> None:
    """Have the kernel begin the highest mark of a process anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """Return the most that a process has held in memory since `forget_peak`."""
    return _status(pid, "VmHWM")


def end_at_once(pid: int) -> None:
    """Kill a process that these tests started, without a chance to tidy up."""
    os.kill(pid, signal.SIGKILL)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
