"""Log lines: fields of an allow-list, and nothing that a message, an argument or an exception quotes."""

import io
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import gunicorn
from deploy.log_format import AllowListed
from deploy.settings import LOGGING

NAME, UID, DATE = "Secretperson^Jane", "1.2.826.0.1.3680043.99.7", "19700131"
ROOT = Path(__file__).resolve().parents[2]
SECRETS = (NAME, "Secretperson", UID, DATE)


class Unprintable:
    """A value that quotes a patient however it is shown."""

    def __str__(self) -> str:
        return NAME

    __repr__ = __str__


class PatientError(ValueError):
    """An error whose text quotes a patient."""


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> logging.Logger:
    logger = logging.Logger("tests.log_format")  # outside the tree, where the runner's handlers sit
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AllowListed())
    logger.addHandler(handler)
    return logger


def _raise(log: logging.Logger) -> None:
    try:
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise PatientError(f"{NAME} {UID} {DATE}") from error
    except PatientError:
        log.exception("failed for %s", UID)


LEAKS: dict[str, Callable[[logging.Logger], None]] = {
    "argument": lambda log: log.info("study %s of %s", UID, NAME),
    "named arguments": lambda log: log.info("study %(uid)s", {"uid": UID}),
    "object as an argument": lambda log: log.info("%r", Unprintable()),
    "text put together": lambda log: log.warning(f"study {UID} of {NAME} on {DATE}"),
    "text of several lines": lambda log: log.warning(f"{NAME}\n{UID}\r\n{DATE}"),
    "exception as the message": lambda log: log.error(PatientError(NAME)),
    "object as the message": lambda log: log.error(Unprintable(), 1),
    "exception": _raise,
    "field of another name": lambda log: log.info(
        "x", extra={"patient": NAME, "uid": UID, "request": Unprintable()}
    ),
    "object in a field": lambda log: log.info(
        "x", extra={"event": Unprintable(), "count": [NAME], "tenant": {NAME: 1}}
    ),
    "wrong number of arguments": lambda log: log.info("%s %s", NAME),  # noqa: PLE1206  (that is the point)
    "stack": lambda log: log.info("x", stack_info=True, extra={"note": NAME}),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_no_name_uid_or_date_reaches_a_line(
    log: logging.Logger,
    stream: io.StringIO,
    leak: Callable[[logging.Logger], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    leak(log)
    lines = stream.getvalue()
    assert lines.count("\n") == 1
    json.loads(lines)
    everything = lines + "".join(capsys.readouterr())
    assert [secret for secret in SECRETS if secret in everything] == []


def test_a_line_says_what_where_and_when(log: logging.Logger, stream: io.StringIO) -> None:
    tenant = uuid.UUID(int=5)
    log.warning(
        "blob %s is late", "x", extra={"event": "late", "tenant": tenant, "count": 3, "milliseconds": 1.5}
    )
    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line.pop("where").startswith("test_log_format:")
    assert line == {
        "level": "WARNING",
        "logger": "tests.log_format",
        "template": "blob %s is late",
        "event": "late",
        "tenant": "00000000-0000-0000-0000-000000000005",
        "count": 3,
        "milliseconds": 1.5,
    }


def test_an_exception_is_its_class_and_its_lines_of_code(log: logging.Logger, stream: io.StringIO) -> None:
    _raise(log)
    line = json.loads(stream.getvalue())
    assert line["exception"] == "PatientError"
    assert line["stack"][-1].endswith(" _raise")


def test_every_handler_of_the_product_writes_this_format() -> None:
    for logging_ in (LOGGING, gunicorn.logconfig_dict):
        assert logging_["handlers"] == {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}}
        assert logging_["formatters"] == {"json": {"()": "deploy.log_format.AllowListed"}}


def test_the_web_server_brings_no_format_of_its_own() -> None:
    """Its own names the path of a request that failed while its body was streamed."""
    program = (
        "from gunicorn.config import Config; from gunicorn.glogging import Logger; from deploy import gunicorn; "
        "c = Config(); c.set('logconfig_dict', gunicorn.logconfig_dict); l = Logger(c); "
        f"l.exception('Error handling request %s', '/{UID}'); l.error('{NAME}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert [line.get("template") for line in lines] == ["Error handling request %s", None]
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
