"""The call with which an app starts; a phone that has it all is told so at once."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Response, current_app, request

from api.http.app_versions import APP_VERSION
from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.languages import in_languages
from api.http.polled import IF_NONE_MATCH, TAG
from api.settings import Settings
from schemas.phone.bootstrap import BootstrapOut, BootstrapQuery
from schemas.phone.instruments import InstrumentOut
from services.phone.bootstrap import KeptByPhone, get_bootstrap
from services.rules.instruments.definition import Instrument

routes = Routes("bootstrap", __name__, description="All that an app needs to start")

TIME: Final = "Interlude-Time"
HEADERS: Final = {
    **TAG,
    TIME: {
        "description": "The server's clock when it answered, RFC 3339 in UTC",
        "schema": {"type": "string", "format": "date-time"},
    },
}
VERSION: Final = {
    "in": "header",
    "name": APP_VERSION,
    "description": "The app's version, such as 1.4.2; below the minimum it is answered 426",
    "schema": {"type": "string"},
}


@routes.route("/v1/bootstrap", methods=["GET"], parameters=[IF_NONE_MATCH, VERSION])
@routes.arguments(BootstrapQuery, location="query")
@routes.response(200, BootstrapOut, headers=HEADERS)
@routes.alt_response(304, description="Unchanged", headers=HEADERS, success=True)
def get_start(query: dict[str, Any]) -> Response:
    """All that an app needs to start, offline too: who I am, what is due, the questionnaires, the
    crisis card. Patients only.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    tags = request.if_none_match.as_set(include_weak=True)
    asked = KeptByPhone(tags, query["have"], settings.min_app_version or None)
    found = get_bootstrap(current_actor(), asked, _written, now())
    response: Response = (
        current_app.response_class(status=304)
        if found.content is None
        else json_answer(found.content)
    )
    in_languages(response, found.words.languages)
    response.set_etag(found.tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers[TIME] = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return response


def _written(one: Instrument) -> bytes:
    return orjson.dumps(InstrumentOut().dump(one))
