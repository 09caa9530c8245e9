"""The reference phone at `/app/`: files, as they stand. All that it does it does in the browser, by
the public calls that any app has (docs/mobile.md).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import orjson
from flask import Blueprint, Flask, Response, abort, current_app, redirect, request

from api.http.auth import public
from api.settings import Settings
from services.rules.languages.texts import TEXTS

HERE: Final = Path(__file__).parent / "files"
KINDS: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
FILES: Final = {
    path.relative_to(HERE).as_posix(): path.read_bytes()
    for path in sorted(HERE.rglob("*"))
    if path.suffix in KINDS
}
PAGE: Final = "index.html"
LANGUAGES: Final = {
    texts.language: {"name": texts.name, "words": dict(texts.app)} for texts in TEXTS.values()
}
FILES["languages.js"] = b"export const LANGUAGES = " + orjson.dumps(LANGUAGES) + b";\n"
WORKER: Final = "sw.js"
VERSION: Final = hashlib.sha256(b"".join(FILES.values())).hexdigest()[:16]
# The worker differs as soon as any file does: that is how a browser learns of a new version.
CACHED: Final = ["./", *(name for name in FILES if name not in (PAGE, WORKER))]
WHAT_IS_CACHED: Final = f"const VERSION = {json.dumps(VERSION)}, FILES = {json.dumps(CACHED)};\n"
FILES[WORKER] = WHAT_IS_CACHED.encode() + FILES[WORKER]
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "X-Robots-Tag": "noindex, nofollow",
}

phone_app = Blueprint("phone_app", __name__)


@phone_app.get("/app")
@public
def lead_to_app() -> Response:
    """To the address whose folder the worker looks after; a browser keeps the fragment."""
    settings: Settings = current_app.config["INTERLUDE"]
    response: Response = redirect(f"{settings.public_path}/app/", 302)  # type: ignore[assignment] # werkzeug's base
    return response


@phone_app.get("/app/")
@public
def get_app() -> Response:
    """The one page."""
    return get_app_file(PAGE)


@phone_app.get("/app/<path:name>")
@public
def get_app_file(name: str) -> Response:
    """One of the files."""
    content = FILES.get(name)
    if content is None:
        abort(404)
    kind = KINDS[Path(name).suffix]
    response: Response = current_app.response_class(content, mimetype=kind, headers=HEADERS)
    response.set_etag(hashlib.sha256(content).hexdigest()[:16])
    response.make_conditional(request)
    return response


def register_phone_app(app: Flask) -> None:
    """Add it to the application."""
    app.register_blueprint(phone_app)
