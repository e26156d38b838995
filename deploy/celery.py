"""The Celery application; queues stand on the tasks, the beat table in the settings."""

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

app = Celery("cloud-pacs")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["tenants", "pacs", "billing"])


@setup_logging.connect
def _log_as_the_settings_say(**_: object) -> None:
    """Keep Celery from bringing its own format, which writes exceptions out."""
    from django.conf import settings  # noqa: PLC0415  (read once Celery runs)

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
def _start_ready(**_: object) -> None:
    """Celery logs and forgets what a receiver raises, so a failed check ends the process itself."""
    from deploy.start import refuse_unready  # noqa: PLC0415  (needs the apps, which the worker has loaded by now)

    try:
        refuse_unready()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
