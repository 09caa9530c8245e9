"""Answers of reads go out as gzip where the client takes it.

Never what holds a secret next to words that somebody else may choose, whose length would give the
secret away letter by letter (BREACH): tokens, codes and addresses that are shown once are answers
of writes, and pages with a form's token are outside `/v1`. What is left is asked for with a bearer
token, which no foreign page can make a browser send.
"""

from __future__ import annotations

import gzip
from typing import Final

from flask import Flask, Response, request

# The one write with a long answer: it shows what its sender wrote, and no secret.
SYNC: Final = "/v1/sync"
TEXTS: Final = frozenset(
    {"application/json", "text/csv", "image/svg+xml", "text/html", "text/css", "text/javascript"}
)
READS: Final = ("/v1/", "/openapi.json", "/docs", "/console/files/")
LEAST_BYTES: Final = 1_000
# Half the time of the default level, and hardly longer.
LEVEL: Final = 4


def init_compression(app: Flask) -> None:
    """Compress what may be."""

    @app.after_request
    def compress(response: Response) -> Response:
        if not _may_be(response):
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0 and _is_worth(response):
            response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
            tag, _ = response.get_etag()
            if tag is not None:
                # The bytes are others, the content is the same.
                response.set_etag(tag, weak=True)
        return response


def _may_be(response: Response) -> bool:
    is_read = request.method == "GET" and request.path.startswith(READS)
    is_text = response.mimetype in TEXTS and "Content-Encoding" not in response.headers
    return is_text and response.status_code == 200 and (is_read or request.path == SYNC)


def _is_worth(response: Response) -> bool:
    if response.direct_passthrough:
        response.direct_passthrough = False
    return len(response.get_data()) >= LEAST_BYTES
