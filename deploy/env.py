"""Strict readers of the environment. Each fails at start, naming the variable, never its value."""

import contextlib
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    """Return the variable, or what is in the file that `<name>_FILE` names; set to nothing it is refused."""
    from_file = os.environ.get(f"{name}_FILE")
    value = os.environ.get(name)
    if from_file is not None and value is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set")
    if from_file is not None:
        try:
            value = Path(from_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read") from error
    if value is None:
        return default
    if not value:
        raise ImproperlyConfigured(f"{name} is set but empty")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return True or False for exactly `true` and `false`."""
    value = text(name, "true" if default else "false")
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name} must be true or false")
    return value == "true"


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return a whole number within its bounds."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not minimum <= int(value) <= maximum:
        raise ImproperlyConfigured(f"{name} must be a whole number from {minimum} to {maximum}")
    return int(value)


def kept_secret(name: str, path: Path) -> str:
    """Return the variable, or the secret kept in `path`, which is made on first use with mode 600.

    A single machine needs no configuration so; several machines that serve one clinic set the variable.
    """
    given = text(name, "")
    if given:
        return given
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _keep(path, secrets.token_urlsafe(64))
    return _read_private(name, path)


def _keep(path: Path, secret: str) -> None:
    """Write the file whole or not at all: several processes may start at once, and the first one's secret stands."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _read_private(name: str, path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise ImproperlyConfigured(f"the file that keeps {name} is readable by others")
    kept = path.read_text(encoding="ascii").strip()
    if len(kept) < 50:
        raise ImproperlyConfigured(f"the file that keeps {name} is damaged")
    return kept
