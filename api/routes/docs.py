"""`/openapi.json` and Swagger UI at `/docs`, from a wheel: it works without the internet."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from flask import Response, abort, current_app, send_from_directory

from api.http.auth import public
from api.http.bodies import Routes, json_answer
from api.settings import Settings

routes = Routes("docs", __name__, description="This document, and a page to read it")

ASSETS: Final = frozenset(
    {
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "swagger-ui.css",
        "index.css",
        "favicon-16x16.png",
        "favicon-32x32.png",
    }
)
# The paths in both are relative: a proxy may have put the service below a path of its own.
# Everything comes from here, and nothing else may be reached.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Interlude API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/index.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png" sizes="32x32">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/swagger-ui-standalone-preset.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START: Final = """window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
"""


@routes.reads("/openapi.json", {"type": "object"})
@public
def openapi_json() -> Response:
    """This document, generated from the schemas that validate."""
    apis = current_app.extensions["flask-smorest"]["apis"]
    document = apis[""]["ext_obj"].document()
    settings: Settings = current_app.config["INTERLUDE"]
    # Of this server, whatever name it is called by.
    here = {**document["servers"][0], "url": settings.public_path or "/"}
    return json_answer({**document, "servers": [here]})


@routes.reads("/docs", {"type": "string"}, content_type="text/html")
@public
def browse() -> Response:
    """The document, to read and to try out."""
    return _own(PAGE, "text/html")


@routes.reads("/docs/<asset>", {"type": "string"}, content_type="*/*")
@public
@routes.alt_response(404, "NOT_FOUND")
def asset(asset: str) -> Response:
    """A script, style or icon of that page."""
    if asset == "start.js":
        return _own(START, "text/javascript")
    if asset not in ASSETS:
        abort(404)
    response = send_from_directory(_folder(), asset, max_age=86_400)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _own(content: str, kind: str) -> Response:
    headers: dict[str, Any] = {"Content-Security-Policy": POLICY}
    response: Response = current_app.response_class(content, mimetype=kind, headers=headers)
    return response


def _folder() -> Path:
    """Where the wheel keeps Swagger UI; the wheel's own blueprint would want inline scripts."""
    return Path(str(files("flask_swagger_ui"))) / "dist"
