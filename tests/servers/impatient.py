"""The web server's configuration for tests of slow senders: what waits a minute waits two seconds."""

from typing import TYPE_CHECKING

from deploy.gunicorn import *  # noqa: F403  (gunicorn reads the module's names)

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker

IDLE_SECONDS = 2


def post_worker_init(worker: "Worker") -> None:
    """Shorten the wait once the worker has loaded the application."""
    from pacs.dicomweb import stow  # noqa: PLC0415  (needs the app registry)

    stow.IDLE_SECONDS = IDLE_SECONDS
