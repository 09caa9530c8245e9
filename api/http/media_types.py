"""The forms that one call may answer in: JSON, tables and pictures, as `Accept` asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Response, after_this_request, current_app, request
from werkzeug.exceptions import NotAcceptable

from api.http.bodies import Routes
from services.export.requests import Archive
from services.rules.wire import instant

JSON: Final = "application/json"
ZIP: Final = "application/zip"
CSV: Final = "text/csv"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
PDF: Final = "application/pdf"
AS_OF: Final = "Interlude-As-Of"
_TEXT: Final = {"type": "string"}
_FILE: Final = {"type": "string", "format": "binary"}
_SHAPES: Final = {CSV: _TEXT, SVG: _TEXT, PNG: _FILE, PDF: _FILE}
# A picture that is opened as a page may show itself and reach nothing.
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def also_in(routes: Routes, forms: Sequence[str]) -> Callable[[Callable[..., Response]], Any]:
    """Documents the forms beside JSON, and the refusal of any other."""

    def documented(view: Callable[..., Response]) -> Any:
        for form in forms:
            view = routes.alt_response(200, schema=_SHAPES[form], content_type=form)(view)
        return routes.alt_response(406, "NOT_ACCEPTABLE")(view)

    return documented


def wanted_form(forms: Sequence[str]) -> str:
    """The form that the client likes best, JSON when it does not say; 406 when none of ours."""
    after_this_request(_varies)
    accepted = request.accept_mimetypes
    if not accepted:
        return JSON
    best = accepted.best_match((JSON, *forms))
    if best is None:
        raise NotAcceptable
    return best


def file_answer(body: bytes | str, form: str, file_name: str) -> Response:
    """A table is saved under a neutral name; a picture is shown."""
    kind = "attachment" if form == CSV else "inline"
    response: Response = current_app.response_class(body, mimetype=form)
    response.headers["Content-Disposition"] = f'{kind}; filename="{file_name}"'
    if form == SVG:
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


def zip_answer(archive: Archive) -> Response:
    """A patient's export, sent as it is read; nothing on the way keeps it.

    How old it is stands beside it: in it, the same data would give other bytes at every read.
    """
    response: Response = current_app.response_class(archive.chunks(), mimetype=ZIP)
    response.content_length = archive.size
    response.headers["Content-Disposition"] = f'attachment; filename="{archive.name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers[AS_OF] = instant(archive.as_of)
    return response


def _varies(response: Response) -> Response:
    response.vary.add("Accept")
    return response
