"""Each variable that the product reads is described where an operator looks, and none is described that is not read."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READERS = {"text", "flag", "integer", "kept_secret"}
CODE = [path for app in ("tenants", "pacs", "billing", "deploy") for path in (ROOT / app).rglob("*.py")]


def read_by_the_settings() -> set[str]:
    calls = [
        node for path in (ROOT / "deploy").glob("*.py") for node in ast.walk(ast.parse(path.read_text()))
    ]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in READERS
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_every_variable_is_described() -> None:
    words = (ROOT / "README.md").read_text() + (ROOT / "deploy" / "RUNBOOK.md").read_text()
    assert "DATABASE_URL" in read_by_the_settings()
    assert {name for name in read_by_the_settings() if f"`{name}`" not in words} == set()


def test_every_described_variable_is_read() -> None:
    table = re.findall(r"^\| `([A-Z_]+)`", (ROOT / "deploy" / "RUNBOOK.md").read_text(), re.MULTILINE)
    assert set(table) == read_by_the_settings()


def test_the_environment_is_read_in_one_place() -> None:
    """The decoders' processes get a few of its variables, unread; handing all of it on is no reading either."""
    pattern = re.compile(r"os\.(environ(\.get\(|\[)|getenv)")
    readers = {str(path.relative_to(ROOT)) for path in CODE if pattern.search(path.read_text())}
    assert readers == {"deploy/env.py", "pacs/dicom/decode_process.py"}
