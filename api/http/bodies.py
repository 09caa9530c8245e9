"""Reading request bodies: strict JSON, bounded size, drained so that the answer arrives."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final

import orjson
from flask import Request, g, request
from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

BODY_LIMIT: Final = 1_000_000
DRAIN_LIMIT: Final = 16_000_000
CHUNK: Final = 65_536
# zlib: gzip or zlib by its head, and bare deflate, which some clients send under that name.
WINDOWS: Final = (47, -15)


def raw_body() -> bytes:
    """The request's bytes, at most 1 MB of them; a longer body is drained up to 16 MB and
    marked.
    """
    if "raw_body" not in g:
        g.raw_body, g.body_too_large = _read(request)
    return bytes(g.raw_body)


def _read(req: Request) -> tuple[bytes, bool]:
    kept = bytearray()
    total = 0
    while total < DRAIN_LIMIT and (chunk := req.stream.read(CHUNK)):
        total += len(chunk)
        kept += chunk[: max(0, BODY_LIMIT - len(kept))]
    return bytes(kept), total > BODY_LIMIT


def readable_body() -> bytes:
    """What a search for danger reads: of a compressed body, what opens, at most 1 MB of it."""
    body = raw_body()
    if not _is_encoded():
        return body
    return next((opened for window in WINDOWS if (opened := _opened(body, window))), body)


def _is_encoded() -> bool:
    return request.headers.get("Content-Encoding", "identity").strip().lower() != "identity"


def _opened(body: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(body, BODY_LIMIT)
    except zlib.error:
        return b""


def json_body() -> Any:
    """The body as JSON. 413 over 1 MB, 415 unless it says plain JSON, 400 when it is not, or when
    an object repeats a key: the last would win, and hide what the first one said.
    """
    body = raw_body()
    if g.body_too_large:
        raise RequestEntityTooLarge
    if not request.is_json or _is_encoded():
        raise UnsupportedMediaType
    try:
        document = orjson.loads(body)
        json.loads(body, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("an object repeats a key")


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
