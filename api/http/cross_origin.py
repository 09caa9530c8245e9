"""Which web apps of other origins may call `/v1` from a browser: those that the operator names.

Tokens are sent in a header and no cookie is taken there, so that credentials are never allowed.
"""

from __future__ import annotations

from typing import Final

from flask import Flask
from flask_cors import CORS

from api.settings import Settings

SENT: Final = (
    "Authorization", "Content-Type", "If-None-Match", "Interlude-App-Version", "Interlude-Sent-At",
    "X-Request-Id",
)  # fmt: skip
SHOWN: Final = ("ETag", "Interlude-As-Of", "Interlude-Time", "Retry-After", "X-Request-Id")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEPT_S: Final = 3_600


def init_cross_origin(app: Flask, settings: Settings) -> None:
    """Nothing at all where no origin is named."""
    if settings.cors_origins:
        CORS(
            app,
            resources={r"/v1/.*": {"origins": list(settings.cors_origins)}},
            methods=METHODS,
            allow_headers=SENT,
            expose_headers=SHOWN,
            max_age=KEPT_S,
            supports_credentials=False,
        )
