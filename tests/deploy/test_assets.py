"""The browser's packages: locked, patched for their path, without inline scripts, compressed."""

import gzip
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from pacs.web.viewer_config import WORKER_SCRIPT

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "deploy" / "assets"
DIST = ASSETS / "dist"
BASE = "/static/ohif/3.13.2/"
OHIF = DIST / "ohif" / "3.13.2"

built = pytest.mark.skipif(
    not DIST.is_dir() and os.environ.get("CI") != "true",
    reason="needs `npm ci` and `node build.mjs` in deploy/assets",
)


def lock() -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads((ASSETS / "package-lock.json").read_text())[
        "packages"
    ]
    return {name: package for name, package in packages.items() if name}


def scripts() -> dict[str, str]:
    return {path.name: path.read_text() for path in OHIF.glob("*.js")}


def test_the_lock_pins_bytes_and_names_no_registry() -> None:
    assert "resolved" not in (ASSETS / "package-lock.json").read_text()
    assert [
        name for name, package in lock().items() if not str(package["integrity"]).startswith("sha512-")
    ] == []


def test_only_what_is_used_is_installed() -> None:
    names = {name.removeprefix("node_modules/") for name in lock() if "@esbuild/" not in name}
    assert names == {"@ohif/app", "@popperjs/core", "axe-core", "bootstrap", "esbuild", "htmx.org"}
    assert "ignore-scripts=true" in (ASSETS / ".npmrc").read_text().splitlines()


def test_versions_are_exact() -> None:
    package = json.loads((ASSETS / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@built
def test_a_second_build_changes_nothing_in_under_a_second() -> None:
    before = {path: path.stat().st_mtime_ns for path in DIST.rglob("*")}
    start = time.monotonic()
    subprocess.run([os.environ.get("NODE", "node"), "build.mjs"], cwd=ASSETS, check=True)
    assert time.monotonic() - start < 1
    assert {path: path.stat().st_mtime_ns for path in DIST.rglob("*")} == before


@built
def test_the_list_of_assets_names_what_is_there() -> None:
    assets = json.loads((DIST / "assets.json").read_text())
    assert assets["ohif"] == {"version": "3.13.2", "base": BASE, "index": "ohif/3.13.2/index.html"}
    assert (DIST / assets["ohif"]["index"]).is_file()
    assert (DIST / assets["vendor"]["bootstrap"] / "bootstrap.bundle.min.js").is_file()
    assert (DIST / assets["vendor"]["bootstrap"] / "bootstrap.min.css").is_file()
    assert (DIST / assets["vendor"]["htmx.org"] / "htmx.min.js").is_file()


@built
def test_the_start_page_has_no_inline_script_and_loads_only_what_is_there() -> None:
    page = (OHIF / "index.html").read_text()
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", page) == []
    paths = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert paths.count("viewer/app-config.js") == 1
    static = [path.removeprefix("/static/") for path in paths if path != "viewer/app-config.js"]
    assert [
        path
        for path in static
        if not any((folder / path).is_file() for folder in (DIST, ROOT / "pacs/static"))
    ] == []


@built
def test_the_application_and_seven_workers_know_their_path() -> None:
    placed = {name for name, text in scripts().items() if f'.p="{BASE}"' in text}
    workers = {name for name in placed if WORKER_SCRIPT.match(BASE + name)}
    assert (len(placed), len(workers)) == (8, 7)
    assert [name.split(".")[0] for name in placed - workers] == ["app"]
    assert [name for name, text in scripts().items() if re.search(r'\w\.p="/";', text)] == []
    assert f"url({BASE}" in (OHIF / "app.bundle.css").read_text()


@built
def test_what_is_not_used_is_left_out() -> None:
    names = {path.relative_to(OHIF).as_posix() for path in OHIF.rglob("*")}
    unwanted = r"ort/|dicom-microscopy|sw\.js|init-service|google|oidc|app-config|.*\.map$"
    assert [name for name in names if re.match(unwanted, name)] == []
    assert (
        sum(path.stat().st_size for path in OHIF.rglob("*") if path.suffix not in {".gz", ".br"}) < 30_000_000
    )


@built
def test_no_configuration_names_another_host() -> None:
    assert [name for name, text in scripts().items() if "d14fa38qiwhyfd.cloudfront.net" in text] == []


@built
def test_licences_are_kept() -> None:
    licences = {path.relative_to(DIST).as_posix() for path in DIST.rglob("LICENSE")}
    assert licences == {
        f"{folder}/LICENSE" for folder in ("ohif/3.13.2", "vendor/bootstrap-5.3.9", "vendor/htmx.org-2.0.11")
    }
    assert (OHIF / "2493.bundle.c4af70e46357151f.js.LEGAL.txt").is_file()


@built
def test_compressed_copies_hold_the_same() -> None:
    copies = list(DIST.rglob("*.gz"))
    assert [
        path for path in copies if gzip.decompress(path.read_bytes()) != path.with_suffix("").read_bytes()
    ] == []
    assert {path.with_suffix(".br") for path in copies} == set(DIST.rglob("*.br"))
    app = next(OHIF.glob("app.bundle.*.js"))
    assert Path(f"{app}.br").stat().st_size < app.stat().st_size / 4
