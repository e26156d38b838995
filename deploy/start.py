"""What stops a process from starting: a missing guard is worse than no service."""

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured


def refuse_unready() -> None:
    """Raise ImproperlyConfigured while any check fails, those of the database and the keys included."""
    messages = run_checks(databases=["default"], include_deployment_checks=True)
    failed = sorted({f"{message.id}: {message.msg}" for message in messages if message.is_serious()})
    if failed:
        raise ImproperlyConfigured("; ".join(failed))
