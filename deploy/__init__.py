"""Wiring. The Celery application is made wherever anything of it is imported: whoever sends a job needs its broker."""

from deploy.celery import app as celery_app

__all__ = ["celery_app"]
