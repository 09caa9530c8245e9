"""Structured logs without patient data: method, route pattern, status, milliseconds; never a body
or an id.
"""

from __future__ import annotations

import logging
import select
import sys
import traceback
from threading import Lock
from typing import Any, Final, TextIO

import structlog

from api.observability.losses import count_loss

# A thread waits so long for another one's line, which takes microseconds.
TURN_S: Final = 0.1


class LineLogger:
    """Writes each line at once or, when nobody takes it, counts it: a log's reader that has gone or
    stopped reading, or its full disk, never fails a request and never holds its thread.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self._turn = file, Lock()

    def msg(self, line: str) -> None:
        """Write one line (structlog's protocol)."""
        if not self._turn.acquire(timeout=TURN_S):
            count_loss("log_line")
            return
        try:
            self._write(f"{line}\n")
        except (OSError, ValueError):
            count_loss("log_line")
        finally:
            self._turn.release()

    debug = info = warning = error = critical = msg

    def _write(self, text: str) -> None:
        if not _takes_more(self._file):
            raise BlockingIOError
        self._file.write(text)
        self._file.flush()


def _takes_more(file: TextIO) -> bool:
    """Would a line be taken now? A full pipe would hold whoever writes."""
    try:
        number = file.fileno()
    except OSError:  # no file of the system's
        return True
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(0))


def keep_values_out_of_records() -> None:
    """A traceback ends in the exception's message, which can quote an answer or a row: of an
    exception, every record of `logging` (a library's too) keeps only its kind and its place.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "keeps_values_out", False):
        return

    def make_quiet(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        kind, _, trace = record.exc_info or (None, None, None)
        if kind is not None:
            place = traceback.extract_tb(trace, limit=-1)
            where = f"{place[0].filename}:{place[0].lineno}" if place else "an unknown place"
            record.msg, record.args = f"{record.getMessage()}: {kind.__name__} at {where}", None
        record.exc_info = None
        return record

    make_quiet.keeps_values_out = True  # type: ignore[attr-defined] # a mark on a function
    logging.setLogRecordFactory(make_quiet)


def init_logs() -> None:
    """JSON lines on standard error."""
    keep_values_out_of_records()
    # It warns of a second error behind the one it raises, with all that the database says: values.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    logger = LineLogger(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_args: logger,
    )
