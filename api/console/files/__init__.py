"""The console's one style sheet and its one script, put together from their parts in the order of
their names; served under the hash of what they are, so that browsers keep them for a year.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, current_app, request

from api.browser.passkeys import SCRIPT
from api.browser.session import CONSOLE, below
from api.http.auth import public

HERE: Final = Path(__file__).parent
KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
KEPT: Final = "public, max-age=31536000, immutable"


def _parts(folder: str, suffix: str) -> list[str]:
    found = sorted((HERE / folder).glob(f"*{suffix}"))
    return [path.read_text("utf-8").strip() for path in found]


def _files() -> dict[str, bytes]:
    # No part sees the names of another.
    parts = [*_parts("scripts", ".js"), SCRIPT]
    scripts = "\n".join(f"(() => {{\n{part}\n}})();" for part in parts)
    texts = {
        "console.css": "\n".join(_parts("styles", ".css")),
        "console.js": f'"use strict";\n{scripts}',
        "icon.svg": (HERE / "icon.svg").read_text("utf-8"),
    }
    return {name: f"{text}\n".encode() for name, text in texts.items()}


FILES: Final = _files()
HASHES: Final = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in FILES.items()}

console_files = Blueprint("console_files", __name__)


@console_files.get(f"{CONSOLE}/files/<name>")
@public
def get_console_file(name: str) -> Response:
    """One of the files; for ever where the address names this version of it."""
    content = FILES.get(name)
    if content is None:
        abort(404)
    kind = KINDS[Path(name).suffix]
    response: Response = current_app.response_class(content, mimetype=kind)
    named = request.args.get("v") == HASHES[name]
    response.headers["Cache-Control"] = KEPT if named else "no-cache"
    response.set_etag(HASHES[name])
    response.make_conditional(request)
    return response


def file_address(name: str) -> str:
    """The address of this version of a file."""
    return f"{below(CONSOLE)}/files/{name}?v={HASHES[name]}"
