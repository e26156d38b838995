"""Celery's worker as a process of its own, and brokers for it."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.live import own_environment

RABBITMQ = ("127.0.0.1", 5672)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Yields the BROKER_URL of a Redis with an append-only file on a unix socket; the folder's name is short."""
    path = folder / "s"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--appendonly", "yes", "--save", ""], stdout=log, stderr=log)
    try:
        _wait_for(path)
        yield f"redis+socket://{path}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def rabbitmq_host() -> Iterator[str]:
    """Yields the BROKER_URL of a virtual host of its own on this machine's RabbitMQ."""
    control, name = shutil.which("rabbitmqctl"), f"test-{uuid.uuid4().hex[:12]}"
    if control is None:
        raise RuntimeError("rabbitmqctl is not installed")
    subprocess.run([control, "-q", "add_vhost", name], check=True, timeout=60)
    try:
        subprocess.run(
            [control, "-q", "set_permissions", "-p", name, "guest", ".*", ".*", ".*"], check=True, timeout=60
        )
        yield f"amqp://guest:guest@{RABBITMQ[0]}:{RABBITMQ[1]}/{name}"
    finally:
        subprocess.run([control, "-q", "delete_vhost", name], check=True, timeout=60)


@contextmanager
def worker(folder: Path, broker: str, *, has_clock: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """Yields a worker that has been started; `has_clock` says whether it starts the sweeps, as one of many does."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "deploy",
        "worker",
        "--concurrency=1",
        "--loglevel=WARNING",
    ]
    command += ["--queues=live,backfill", "--without-gossip", "--without-mingle"]
    command += ["-B", "--schedule", str(folder / "beat")] if has_clock else []
    told = {"BROKER_URL": broker, "DJANGO_SETTINGS_MODULE": "deploy.settings", "LOG_LEVEL": "INFO"}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=own_environment() | told, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def end_at_once(process: "subprocess.Popen[bytes]") -> None:
    """Kill a worker with all its children, as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.is_socket():
        if time.monotonic() > deadline:
            raise RuntimeError("redis-server does not start")
        time.sleep(0.05)
