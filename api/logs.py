"""Structured logs without patient data: method, route pattern, status, milliseconds; never a body
or an id.
"""

from __future__ import annotations

import logging
import sys
import time

import structlog
from flask import Flask, Response, g, request


def init_logs(app: Flask) -> None:
    """JSON lines on standard error, one a request, naming the route's pattern and not its
    values.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    log = structlog.get_logger()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        pattern = request.url_rule.rule if request.url_rule else "unmatched"
        log.info(
            "request",
            method=request.method,
            route=pattern,
            status=response.status_code,
            ms=round(1000 * (time.perf_counter() - g.get("started", time.perf_counter())), 1),
        )
        return response
