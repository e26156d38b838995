"""Each background job names its queue, takes ids by keyword alone and ends in five minutes; each beat entry expires."""

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from deploy.celery import app

if TYPE_CHECKING:
    from celery import Task

APPS = ("tenants.", "pacs.", "billing.")
BEAT: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
QUEUES = {"live", "backfill"}


def tasks() -> "list[Task[..., None]]":
    app.loader.import_default_modules()
    return [task for name, task in sorted(app.tasks.items()) if name.startswith(APPS)]


TASKS = tasks()
every_task = pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])


@every_task
def test_it_names_its_queue(task: "Task[..., None]") -> None:
    assert getattr(task, "queue", None) in QUEUES


@every_task
def test_it_takes_ids_by_keyword_and_whatever_a_later_release_adds(task: "Task[..., None]") -> None:
    parameters = list(inspect.signature(inspect.unwrap(task.run)).parameters.values())
    assert all(parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD) for parameter in parameters)
    assert parameters
    assert parameters[-1].kind == inspect.Parameter.VAR_KEYWORD


@every_task
def test_it_may_be_lost_late_and_twice(task: "Task[..., None]") -> None:
    assert task.acks_late
    assert task.reject_on_worker_lost
    assert task.ignore_result
    assert 0 < (task.soft_time_limit or 0) < (task.time_limit or 0) <= 300


@every_task
def test_it_lives_in_its_apps_one_table(task: "Task[..., None]") -> None:
    assert task.name.split(".")[1] == "tasks"


@pytest.mark.parametrize("entry", BEAT.values(), ids=BEAT)
def test_a_beat_entry_names_a_job_and_expires_before_the_next(entry: dict[str, Any]) -> None:
    assert entry["task"] in {task.name for task in TASKS}
    assert 0 < entry["options"]["expires"] < entry["schedule"]


def test_jobs_were_found() -> None:
    assert TASKS
