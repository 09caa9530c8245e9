"""How an API process says to the database that it is at work."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask

from services.clock import utcnow
from services.operations.life import SignsOfLife


def alive_in(app: Flask) -> Callable[[], None]:
    """Return what leaves a sign of life of this process; raises what the database raises."""
    signs = SignsOfLife()

    def alive() -> None:
        with app.app_context():
            signs.leave(utcnow(), time.monotonic())

    return alive
