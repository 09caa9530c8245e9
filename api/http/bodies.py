"""Bodies: requests are strict JSON of bounded size, drained so that the answer arrives; answers are
what a service has rendered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
from flask import Flask, Request, Response, current_app, g, request
from flask.json.provider import JSONProvider
from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

from api.settings import Settings
from schemas.phone.check_ins import ReceiptOut
from services.exactly_once import FirstAnswer

# A search for danger reads so much of a refused body, however little a setting accepts.
SEARCHED_BYTES: Final = 1_000_000
CHUNK: Final = 65_536
# How the front says that a body ended (WSGI environment); without a front every body is whole.
ARRIVAL: Final = "interlude.arrival"
WHOLE: Final = "whole"


def init_bodies(app: Flask) -> None:
    """Refuse every request whose body did not arrive whole; what did arrive is searched."""

    @app.before_request
    def whole() -> None:
        if request.environ.get(ARRIVAL, WHOLE) != WHOLE:
            raise RequestTimeout


_CUT_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")


def raw_body() -> bytes:
    """The request's bytes. A body over `INTERLUDE_MAX_BODY_BYTES` is cut, marked, and drained up to
    `INTERLUDE_MAX_DRAIN_BYTES`, so that the answer arrives.
    """
    if "raw_body" not in g:
        settings: Settings = current_app.config["INTERLUDE"]
        limit = max(settings.max_body_bytes, SEARCHED_BYTES)
        body, total = bytearray(), 0
        while total < settings.max_drain_bytes and (chunk := request.stream.read(CHUNK)):
            total += len(chunk)
            body += chunk[: max(0, limit - len(body))]
        g.raw_body, g.body_too_large = bytes(body), total > settings.max_body_bytes
    raw: bytes = g.raw_body
    return raw


def _is_encoded() -> bool:
    return request.headers.get("Content-Encoding", "identity").strip().lower() != "identity"


def json_body() -> Any:
    """The body as JSON. 413 when it is too large, 415 unless it says plain JSON, 400 when it is
    not, or when an object repeats a key: the last would win, and hide the first one.
    """
    body = raw_body()
    if g.body_too_large:
        raise RequestEntityTooLarge
    if not request.is_json or _is_encoded():
        raise UnsupportedMediaType
    try:
        document = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    return document


def _parsed(body: bytes) -> Any:
    """The document; half of a character that was cut in two reads as U+FFFD."""
    text = body.decode()
    json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_number)
    if _CUT_CHARACTER.search(text) is None:
        return orjson.loads(body)
    whole = json.dumps(json.loads(text), ensure_ascii=False)
    return orjson.loads(whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("an object repeats a key")


View = Callable[..., Any]
Decorator = Callable[[View], View]


class StrictParser(FlaskParser):
    """webargs through our reader: unknown fields are an error everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - webargs declares it so
        "json": RAISE,
        "query": RAISE,
        "headers": None,
    }

    def load_json(self, req: Request, schema: Any) -> Any:  # noqa: ARG002 - webargs' signature
        """Read the body once, strictly."""
        return json_body()


class Routes(Blueprint):  # type: ignore[misc] # flask-smorest ships no types
    """A flask-smorest blueprint that reads through the strict parser."""

    ARGUMENTS_PARSER = StrictParser()

    def reads(
        self,
        path: str,
        answer: Any,
        query: Any = None,
        parameters: Sequence[dict[str, Any]] = (),
        **answered: Any,
    ) -> Decorator:
        """A GET that answers 200; `query`: what its address may ask, `parameters`: its headers."""

        def route(view: View) -> View:
            view = self.response(200, answer, **answered)(view)
            if query is not None:
                view = self.arguments(_made_once(query), location="query")(view)
            routed: View = self.route(path, methods=["GET"], parameters=list(parameters))(view)
            return routed

        return route

    def writes(
        self,
        path: str,
        body: Any = None,
        answer: Any = None,
        status: int = 200,
        *,
        method: str = "POST",
        once: bool = False,
    ) -> Decorator:
        """A write; `once`: 201, and 200 with the first answer for a client's id that is known."""

        def route(view: View) -> View:
            if once:
                known = {"anyOf": [answer, ReceiptOut]} if _is_crisis(view) else answer
                view = self.alt_response(200, schema=known)(view)
            view = self.response(201 if once else status, answer)(view)
            if body is not None:
                view = self.arguments(_made_once(body))(view)
            routed: View = self.route(path, methods=[method])(view)
            return routed

        return route


def _made_once(schema: Any) -> Any:
    """A schema holds nothing of a request; of a class a new one would be made for each."""
    return schema() if isinstance(schema, type) else schema


def _is_crisis(view: View) -> bool:
    """There a token that has expired is taken, and shown a receipt of what was known already."""
    return bool(getattr(view, "is_crisis_route", False))


class OrjsonProvider(JSONProvider):
    """JSON by orjson: fast, strict UTF-8, RFC 3339 instants with Z."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Encode; datetimes in UTC end in Z."""
        return orjson.dumps(obj, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Decode."""
        return orjson.loads(s)


def bytes_answer(answered: FirstAnswer) -> Response:
    """The kept bytes, as they are."""
    response: Response = current_app.response_class(
        answered.body, status=answered.status, mimetype="application/json"
    )
    return response


def json_answer(document: Any, status: int = 200) -> Response:
    """A document written by orjson in the shape that its schema documents; instants end in Z."""
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    response: Response = current_app.response_class(
        body, status=status, mimetype="application/json"
    )
    return response
