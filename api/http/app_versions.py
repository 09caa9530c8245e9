"""Apps that are too old are told so; what may carry danger is taken from every app."""

from __future__ import annotations

import re
from typing import Final

from flask import Flask, request

from api.http.auth import on_crisis_route
from services.exceptions import AppTooOld

APP_VERSION: Final = "Interlude-App-Version"
NUMBERS: Final = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?![\d.])")
# Without new tokens an old app could soon send no urgent answer that counts.
STILL_TAKEN: Final = frozenset({"/v1/auth/refresh"})


def read_version(text: str) -> tuple[int, ...] | None:
    """`1.4.2` (with whatever follows: `1.4.2-beta+7`) as numbers that compare; None for what says
    nothing.
    """
    found = NUMBERS.match(text.strip())
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def init_app_versions(app: Flask, minimum: str) -> None:
    """Refuse with 426 what an app below the minimum asks for. One that says nothing, or something
    that cannot be read, is not refused.
    """
    least = read_version(minimum)
    if least is None:
        return

    @app.before_request
    def refuse_old() -> None:
        version = read_version(request.headers.get(APP_VERSION, ""))
        if version is None or version >= least or not request.path.startswith("/v1/"):
            return
        if not on_crisis_route() and request.path not in STILL_TAKEN:
            raise AppTooOld
