"""JSON log lines of allow-listed fields. Messages and exception texts may quote patient data, so neither is written."""

import json
import logging
import traceback
from datetime import UTC, datetime

FIELDS = ("event", "route", "method", "status", "milliseconds", "tenant", "task", "error_id", "count", "state")


class AllowListed(logging.Formatter):
    """Writes the allow-listed extras, the constant message template and, of an exception, its class and code lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line. Arguments of the message are left out: they are where names and UIDs come in."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": str(record.msg)[:300] if record.args else str(record.msg).splitlines()[0][:300] if record.msg else "",
        }
        line.update({name: record.__dict__[name] for name in FIELDS if name in record.__dict__})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["stack"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ][-12:]
        return json.dumps(line, ensure_ascii=True)
