"""The two task decorators. Every job may run twice, late, or beside itself, and ends within 5 minutes."""

import functools
import uuid
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task  # noqa: TID251  (the one place that may)

from tenants import entry

SECONDS_AT_MOST = 300


def platform_task(*, queue: str) -> Callable[[Callable[..., None]], Task[..., None]]:
    """Make a function a job of no clinic: acknowledged late and limited in time. What failed, the next sweep finds."""
    return shared_task(
        queue=queue,
        acks_late=True,
        reject_on_worker_lost=True,
        soft_time_limit=SECONDS_AT_MOST - 30,
        time_limit=SECONDS_AT_MOST,
    )


def tenant_task(*, queue: str) -> Callable[[Callable[..., None]], Task[..., None]]:
    """Make a function a job inside a clinic: called with `tenant_id` and other ids, by keyword alone."""

    def decorate(work: Callable[..., None]) -> Task[..., None]:
        @functools.wraps(work)
        def inside(*, tenant_id: str, **ids: Any) -> None:  # noqa: ANN401  (ids are JSON values)
            with entry.enter(uuid.UUID(tenant_id)):
                work(**ids)

        return platform_task(queue=queue)(inside)

    return decorate
