"""A file tells one story: at most 300 lines under a name that says which. The two commands stand in the README."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITTEN_BY_HAND = (".py", ".js", ".mjs", ".css", ".html", ".md", ".sh", ".toml", ".txt")
BANNED = {"utils", "util", "helpers", "helper", "services", "managers", "common", "misc", "base_classes"}


def files() -> list[Path]:
    """Return the files that are in the repository, or would be at the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_no_file_is_longer_than_300_lines() -> None:
    read = [path for path in files() if path.suffix in WRITTEN_BY_HAND and "migrations" not in path.parts]
    assert len(read) > 100
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in read
    }
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_no_name_says_only_what_kind_of_code_it_is() -> None:
    assert {
        str(path) for path in files() if BANNED & {path.stem, *path.relative_to(ROOT).parts[:-1]}
    } == set()


def test_nothing_generated_or_secret_is_kept() -> None:
    kept = [str(path.relative_to(ROOT)) for path in files()]
    assert [
        name for name in kept if re.search(r"\.(mo|key|sqlite3|pyc|dcm)$|node_modules|^var/|/dist/", name)
    ] == []


def test_no_file_names_a_package_index_or_a_machine() -> None:
    """Who installs chooses the index; a path of one machine helps on no other."""
    pattern = re.compile(rb"--index-url\s+http|--extra-index-url|files\.pythonhosted\.org|/root/|/home/\w+/")
    found = [str(path.relative_to(ROOT)) for path in files() if pattern.search(path.read_bytes())]
    assert [name for name in found if name != "tests/rules/test_files.py"] == []


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_its_two_commands(command: str) -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.search(rf"^\s*\$?\s*{command}\s*(#.*)?$", readme, re.MULTILINE)


def test_ci_runs_the_readmes_own_commands() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert [line for line in script.splitlines() if line.startswith("make ")] == [
        "make system",
        "make check",
        "make test",
    ]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "check", "bench", "system", "test-long"} <= set(targets)
