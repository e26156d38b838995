"""Another archive, and a plain receiver: Debian's Orthanc and DCMTK's storescp, on the loopback interface alone."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import free_port, running

_SHIM = Path(__file__).resolve().parents[1] / "bench" / "bind_loopback.c"
RECEIVER = "receiver"


@dataclass(frozen=True)
class Archive:
    """A running Orthanc, and the folder into which its C-STOREs go."""

    http_port: int
    dicom_port: int
    received: Path

    def take(self, files: Iterable[Path]) -> None:
        """C-STORE files into it, each in an association of its own; those that it cannot take are passed over."""
        command = ["dcmsend", "--no-halt", "--decompress-never", "-aec", "ORTHANC"]
        address = ["127.0.0.1", str(self.dicom_port)]
        for file in files:
            subprocess.run([*command, *address, str(file)], check=False, capture_output=True, timeout=60)

    def file(self, sop_uid: str) -> bytes | None:
        """Return its file of an instance, None if it has none."""
        found = json.loads(self._ask("/tools/lookup", sop_uid.encode()))
        ids = [one["ID"] for one in found if one["Type"] == "Instance"]
        return self._ask(f"/instances/{ids[0]}/file") if ids else None

    def send(self, sop_uids: Iterable[str]) -> None:
        """Have it C-STORE instances to the receiver, which takes no compressed ones: Orthanc decodes them."""
        for sop_uid in sop_uids:
            found = json.loads(self._ask("/tools/lookup", sop_uid.encode()))
            ids = [one["ID"] for one in found if one["Type"] == "Instance"]
            asked = {"Resources": ids, "Synchronous": True, "Permissive": True}
            self._ask(f"/modalities/{RECEIVER}/store", json.dumps(asked).encode())

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", body, timeout=60) as answer:
            content: bytes = answer.read()
        return content


@contextmanager
def orthanc(folder: Path) -> Iterator[Archive]:
    """Yields a new, empty archive once it listens."""
    http, dicom, receiver = free_port(), free_port(), free_port()
    shim, received = folder / "bind_loopback.so", folder / "received"
    received.mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(shim), str(_SHIM), "-ldl"], check=True)
    (folder / "orthanc.json").write_text(json.dumps(_configuration(folder, http, dicom, receiver)))
    environment = {**os.environ, "LD_PRELOAD": str(shim)}
    receive = ["storescp", "+xi", "-aet", "RECEIVER", "-od", str(received), "+uf", str(receiver)]
    with (
        running(
            ["Orthanc", str(folder / "orthanc.json")],
            port=http,
            log=folder / "orthanc.log",
            environment=environment,
        ),
        running(receive, port=receiver, log=folder / "storescp.log", environment=environment),
    ):
        yield Archive(http, dicom, received)


def _configuration(folder: Path, http: int, dicom: int, receiver: int) -> dict[str, object]:
    return {
        "Name": "another archive",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowStore": True,
        "UnknownSopClassAccepted": True,
        "DicomModalities": {RECEIVER: ["RECEIVER", "127.0.0.1", receiver]},
    }
