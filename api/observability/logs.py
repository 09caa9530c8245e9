"""Structured logs without patient data: method, route pattern, status, milliseconds; never a body
or an id.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import structlog


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
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
