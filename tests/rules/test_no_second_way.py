"""No code goes around the scope: no raw SQL over a clinic's rows, no scope held across a yield, no Celery by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for app in ("tenants", "pacs", "billing", "deploy")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and "node_modules" not in path.parts
)
BANNED_NAMES = {"RawSQL", "_base_manager", "_raw_delete"}
BANNED_CALLS = {"raw", "extra"}
ENTERS = {"enter", "scoped"}

each_file = pytest.mark.parametrize("path", CODE, ids=[str(path.relative_to(ROOT)) for path in CODE])


@each_file
def test_it_goes_through_the_managers(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        assert name not in BANNED_NAMES, f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and path.name != "scope.py":
            assert node.func.attr not in BANNED_CALLS, f"line {node.lineno}"


def _enters(node: ast.With) -> bool:
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    names = [
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for call in calls
    ]
    return bool(ENTERS & set(names))


def _leaks(function: ast.FunctionDef) -> Iterator[int]:
    """Yield the lines of `with` blocks that enter a clinic and yield inside."""
    if any("contextmanager" in ast.dump(decorator) for decorator in function.decorator_list):
        return
    for node in ast.walk(function):
        if isinstance(node, ast.With) and _enters(node) and _yields(node):
            yield node.lineno


def _yields(node: ast.With) -> bool:
    return any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node))


@each_file
def test_no_scope_is_held_across_a_yield(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    assert [line for function in functions for line in _leaks(function)] == []


def test_the_rule_sees_a_leak() -> None:
    leaking = ast.parse("def rows(tenant):\n  with entry.enter(tenant):\n    yield 1\n").body[0]
    safe = ast.parse("def rows(tenant):\n  with entry.enter(tenant):\n    found = 1\n  yield found\n").body[0]
    assert isinstance(leaking, ast.FunctionDef)
    assert isinstance(safe, ast.FunctionDef)
    assert (list(_leaks(leaking)), list(_leaks(safe))) == ([2], [])
