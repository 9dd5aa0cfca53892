"""Log lines as JSON, without anything that a person wrote or that opens a door."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

# Addresses may carry one-time links or search words: only their first parts are logged.
_QUERY = re.compile(r"\?\S*")
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{40,}")


class JsonLines(logging.Formatter):
    """One JSON object on each line: time, level, logger, text, kind of error."""

    def format(self, record: logging.LogRecord) -> str:
        """Line of one event."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": _TOKEN.sub("…", _QUERY.sub("", record.getMessage())),
        }
        if record.exc_info and record.exc_info[0]:
            kind = record.exc_info[0]
            line["error"] = f"{kind.__module__}.{kind.__qualname__}"
            frame = record.exc_info[2]
            while frame is not None and frame.tb_next is not None:
                frame = frame.tb_next
            if frame is not None:
                code = frame.tb_frame.f_code
                line["where"] = f"{code.co_name}:{frame.tb_lineno}"
        return json.dumps(line, ensure_ascii=False)
