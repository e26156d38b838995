"""The migrations say what the models say, can be taken back, and stand on their own."""

import ast
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parents[2]
APPS = ("tenants", "pacs", "billing")


def test_none_is_missing(db: None) -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_each_can_be_taken_back() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = [migration for (app, _), migration in loader.disk_migrations.items() if app in APPS]
    assert len(ours) >= 2
    operations = [operation for migration in ours for operation in migration.operations]
    assert [op for op in operations if isinstance(op, RunPython | RunSQL) and not op.reversible] == []


@pytest.mark.parametrize("app", APPS)
def test_there_is_one_line_of_them(app: str) -> None:
    assert MigrationLoader(None, ignore_no_migrations=True).detect_conflicts() == {}
    names = sorted(path.name for path in (ROOT / app / "migrations").glob("0*.py"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("app", APPS)
def test_none_imports_from_the_apps(app: str) -> None:
    """Code that a migration borrows changes under it."""
    for path in (ROOT / app / "migrations").glob("0*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules.append(node.module or "")
            assert not [module for module in modules if module.split(".")[0] in APPS], path.name
