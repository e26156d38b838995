"""Ceph's RADOS gateway as a real S3 server: one monitor, one store in memory, one gateway, all on the loopback.

Nothing is installed: Debian 12's packages are fetched with apt (about 70 MB) and unpacked into a folder that later
runs use again. Everything that is written to it is gone when it stops.
"""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import free_port, running

PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")
ACCESS_KEY, SECRET_KEY = "test", "test-secret"


@dataclass(frozen=True)
class _Ceph:
    """A folder of unpacked programs, and one of the running cluster's own."""

    root: Path
    data: Path
    monitor: str

    def command(self, program: str, *arguments: str) -> list[str]:
        options = ["-c", str(self.data / "ceph.conf")] if program != "monmaptool" else []
        binary = str(self.root / "usr/bin" / program)
        interpreter = ["/usr/bin/python3"] if program == "ceph" else []  # its bindings are Debian's
        return [*interpreter, binary, *options, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        libraries = self.root / "usr/lib/x86_64-linux-gnu"
        found = [libraries, libraries / "ceph", self.root / "lib/x86_64-linux-gnu"]
        return os.environ | {
            "LD_LIBRARY_PATH": ":".join(map(str, found)),
            "PYTHONPATH": str(self.root / "usr/lib/python3/dist-packages"),
        }

    def run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            self.command(program, *arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} {arguments}: {done.stderr}")
        return done.stdout


@contextmanager
def ceph_gateway(packages: Path, data: Path) -> Iterator[str]:
    """Yields the endpoint, where ACCESS_KEY and SECRET_KEY may do everything. ``data`` is a new, empty folder."""
    port = free_port()
    ceph = _Ceph(_unpacked(packages), data, f"127.0.0.1:{free_port()}")
    _configure(ceph, port)
    with ExitStack() as servers:
        _start_cluster(ceph, servers)
        servers.enter_context(_running(ceph, "radosgw", "-n", "client.gateway", "-f", port=port, seconds=120))
        ceph.run(
            *("radosgw-admin", "user", "create", "--uid=test", "--display-name=test"),
            *("--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY),
        )
        yield f"http://127.0.0.1:{port}"


def _unpacked(folder: Path) -> Path:
    root = folder / "root"
    if not (folder / "complete").exists():
        archives = folder / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        fetch = ["apt-get", "install", "-y", "--no-install-recommends", "--download-only", "--reinstall"]
        subprocess.run(
            [*fetch, "-o", f"Dir::Cache::archives={archives}", *PACKAGES], check=True, capture_output=True
        )
        for package in sorted(archives.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
        (folder / "complete").touch()
    return root


def _configure(ceph: _Ceph, port: int) -> None:
    libraries = ceph.root / "usr/lib/x86_64-linux-gnu"
    settings = {
        "fsid": str(uuid.uuid4()),
        "mon host": f"[v1:{ceph.monitor}]",
        "public addr": "127.0.0.1",
        "cluster addr": "127.0.0.1",
        "ms bind msgr2": "false",
        "auth cluster required": "none",
        "auth service required": "none",
        "auth client required": "none",
        "mon data": str(ceph.data / "monitor"),
        "mon allow pool size one": "true",
        "osd data": str(ceph.data / "store"),
        "osd objectstore": "memstore",
        "memstore device bytes": str(2 << 30),
        "osd class dir": str(libraries / "rados-classes"),
        "erasure code dir": str(libraries / "ceph/erasure-code"),
        "plugin dir": str(libraries / "ceph"),
        "osd pool default size": "1",
        "osd pool default min size": "1",
        "osd pool default pg num": "4",
        "osd pool default pgp num": "4",
        "osd pool default pg autoscale mode": "off",
        "osd crush chooseleaf type": "0",
        "run dir": str(ceph.data),
        "admin socket": str(ceph.data / "$name.asok"),
        "log file": str(ceph.data / "$name.log"),
        "keyring": str(ceph.data / "keyring"),
        "rgw frontends": f"beast endpoint=127.0.0.1:{port}",
        "mon cluster log file": str(ceph.data / "cluster.log"),
        "osd mon shutdown timeout": "1",
        "rgw data": str(ceph.data / "gateway"),
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (ceph.data / "ceph.conf").write_text("\n".join(["[global]", *lines, ""]))
    (ceph.data / "keyring").touch()
    for folder in ("monitor", "store", "gateway"):
        (ceph.data / folder).mkdir()


def _start_cluster(ceph: _Ceph, servers: ExitStack) -> None:
    monitor_map = str(ceph.data / "monmap")
    ceph.run("monmaptool", "--create", "--addv", "a", f"[v1:{ceph.monitor}]", monitor_map)
    ceph.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitor_map)
    port = int(ceph.monitor.rpartition(":")[2])
    servers.enter_context(_running(ceph, "ceph-mon", "-i", "a", "-f", port=port))
    _wait_until(lambda: _says(ceph, "quorum_status", "quorum", [0]), "monitor")
    store = str(uuid.uuid4())
    ceph.run("ceph", "osd", "new", store, "0")
    ceph.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
    servers.enter_context(_running(ceph, "ceph-osd", "-i", "0", "-f", port=port))
    _wait_until(lambda: _says(ceph, "osd stat", "num_up_osds", 1), "store")


def _wait_until(is_ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the {what} did not come up")
        time.sleep(0.2)


def _says(ceph: _Ceph, question: str, name: str, answer: object) -> bool:
    try:
        told = json.loads(ceph.run("ceph", *question.split(), "--format=json"))
    except RuntimeError:  # a monitor that has only just begun to listen answers with errors
        return False
    return bool(told[name] == answer)


@contextmanager
def _running(ceph: _Ceph, program: str, *arguments: str, port: int, seconds: float = 30) -> Iterator[None]:
    log = ceph.data / f"{program}.output"
    with running(
        ceph.command(program, *arguments), port=port, log=log, seconds=seconds, environment=ceph.environment
    ):
        yield
