"""Orthanc from Debian's packages with its PostgreSQL index and DICOMweb plug-ins, on the loopback interface alone."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import databases
from tests.bench.client import Server
from tests.servers.process import free_port, wait_for_port

DATABASE, ROLE = "bench_orthanc", "bench_orthanc"
_PLUGINS = [
    Path("/usr/share/orthanc/plugins", name)
    for name in ("libOrthancPostgreSQLIndex.so", "libOrthancDicomWeb.so")
]
_PATH = "/usr/sbin:/usr/bin:/bin"  # Debian keeps Orthanc where only administrators look
_SHIM = Path(__file__).with_name("bind_loopback.c")


def missing() -> list[str]:
    """Return what of it is not installed here."""
    programs = [name for name in ("Orthanc", "gcc") if shutil.which(name, path=_PATH) is None]
    return programs + [plugin.name for plugin in _PLUGINS if not plugin.exists()]


def version() -> str:
    """Return Orthanc's version."""
    told = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split("\n", 1)[0].rpartition(" ")[2]


@contextmanager
def orthanc(folder: Path) -> Iterator[Server]:
    """Yield a running Orthanc whose images lie in `folder`, uncompressed and synced, as it comes."""
    port = free_port()
    folder.mkdir()
    shim = folder / "bind_loopback.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, _SHIM, "-ldl"], check=True)
    configuration = folder / "orthanc.json"
    with databases.scratch_database(DATABASE, owner=ROLE):
        configuration.write_text(json.dumps(_configuration(folder, port)))
        log = folder / "orthanc.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [_program(), configuration],
                stdout=output,
                stderr=output,
                env={"LD_PRELOAD": str(shim), "PATH": _PATH},
            )
        try:
            wait_for_port(port, process, log, 60)
            yield Server("Orthanc", port, "/dicom-web", process.pid, DATABASE)
        finally:
            process.terminate()
            process.wait(60)


def _program() -> str:
    return shutil.which("Orthanc", path=_PATH) or "Orthanc"


def _configuration(folder: Path, port: int) -> dict[str, object]:
    place = urlsplit(databases.address(ROLE, DATABASE))
    return {
        "Name": "bench",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "StorageCompression": False,
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(plugin) for plugin in _PLUGINS],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "PostgreSQL": {
            "EnableIndex": True,
            "EnableStorage": False,
            "Host": place.hostname,
            "Port": place.port or 5432,
            "Database": DATABASE,
            "Username": place.username,
            "Password": place.password,
            "Lock": False,
        },
    }
