"""The settings as a process of its own reads them from its environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "PASSWORD_HASHERS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "LANGUAGE_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "APPEND_SLASH",
    "MIGRATION_DATABASE",
    "DATABASES",
    "CELERY_ACCEPT_CONTENT",
    "FILE_UPLOAD_HANDLERS",
    "SECRET_KEY",
]
READ = (
    f"import json; from deploy import settings as s; print(json.dumps({{n: getattr(s, n) for n in {NAMES}}}))"
)


def start(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **variables}
    command = [sys.executable, "-c", READ]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def read(folder: Path, **variables: str) -> dict[str, object]:
    settings: dict[str, object] = json.loads(start(folder, **variables).stdout)
    return settings


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings["DEBUG"] is False
    assert settings["APPEND_SLASH"] is False
    assert settings["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost"]
    assert settings["MIGRATION_DATABASE"] == "default"
    assert settings["PASSWORD_HASHERS"] == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert settings["FILE_UPLOAD_HANDLERS"] == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    assert settings["CELERY_ACCEPT_CONTENT"] == ["json"]
    assert settings["SECRET_KEY"] == (tmp_path / "secret_key").read_text()


def test_sqlite_is_durable_and_keeps_its_triggers(tmp_path: Path) -> None:
    databases = read(tmp_path)["DATABASES"]
    assert isinstance(databases, dict)
    assert databases["default"]["OPTIONS"] == {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA recursive_triggers=ON;",
    }


def test_cookies_over_http_are_plain_and_over_https_secure(tmp_path: Path) -> None:
    plain = read(tmp_path)
    secure = read(tmp_path, PUBLIC_URL="https://pacs.example/")
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE"):
        assert (plain[name], secure[name]) == (False, True)
    assert (plain["SECURE_HSTS_SECONDS"], secure["SECURE_HSTS_SECONDS"]) == (0, 31_536_000)
    assert (plain["SECURE_PROXY_SSL_HEADER"], secure["SECURE_PROXY_SSL_HEADER"]) == (
        None,
        ["HTTP_X_FORWARDED_PROTO", "https"],
    )
    assert secure["CSRF_TRUSTED_ORIGINS"] == ["https://pacs.example"]
    assert secure["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "pacs.example"]
    assert (secure["SESSION_COOKIE_HTTPONLY"], secure["SESSION_COOKIE_SAMESITE"]) == (True, "Lax")


def test_an_owner_role_gets_the_migrations(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        DATABASE_URL="postgresql://app@127.0.0.1/pacs",
        DATABASE_OWNER_URL="postgresql://owner@127.0.0.1/pacs",
    )
    assert settings["MIGRATION_DATABASE"] == "owner"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PUBLIC_URL": "pacs.example"}, "PUBLIC_URL must be an http or https address"),
        ({"PUBLIC_URL": "ftp://pacs.example"}, "PUBLIC_URL must be an http or https address"),
        ({"PORT": "0"}, "PORT must be a whole number from 1 to 65535"),
        ({"PORT": "http"}, "PORT must be a whole number from 1 to 65535"),
        ({"DATABASE_URL": "mysql://127.0.0.1/x"}, "DATABASE_URL must be"),
        ({"BROKER_URL": ""}, "BROKER_URL is set but empty"),
        ({"DECODERS": "0"}, "DECODERS must be a whole number from 1 to 64"),
        ({"SECRET_KEY": "a", "SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY and SECRET_KEY_FILE are both set"),
    ],
)
def test_a_bad_variable_stops_the_start(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    refused = start(tmp_path, **variables)
    assert refused.returncode != 0
    assert sentence in refused.stderr.splitlines()[-1]
