"""JSON log lines of allow-listed fields. Messages and exceptions may quote patient data; none is written."""

import json
import logging
import traceback
import uuid
from datetime import UTC, datetime

FIELDS = (
    "event",
    "route",
    "method",
    "status",
    "milliseconds",
    "tenant",
    "task",
    "error_id",
    "count",
    "state",
)


def configuration(level: str) -> dict[str, object]:
    """Return the logging of every process: one handler, one format, nothing that a library brings with it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "deploy.log_format.AllowListed"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False, "level": "ERROR"},
            "gunicorn.error": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
        },
    }


class AllowListed(logging.Formatter):
    """Writes the allow-listed extras, where the line was logged and an exception's class and code lines.

    Of a message only the template is written, and only one with arguments apart: text without any may have
    been put together from values, so the place in the code stands for it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line. It never raises: logging would print the record, arguments and all."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "where": f"{record.module}:{record.lineno} {record.funcName}",
        }
        if record.args and isinstance(record.msg, str):
            line["template"] = record.msg[:300]
        line.update({name: _plain(record.__dict__[name]) for name in FIELDS if name in record.__dict__})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["stack"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ][-12:]
        return json.dumps(line, ensure_ascii=True)


def _plain(value: object) -> object:
    """Return a number, word or id as it is; of anything else its type alone."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:100] if isinstance(value, str | uuid.UUID) else type(value).__name__
