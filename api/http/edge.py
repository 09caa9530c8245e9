"""What is asked of every request before any route, and said in every answer: our own name, and
headers that keep an answer where it belongs.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api.http.auth import on_crisis_route
from api.settings import Settings

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
# A year; for this name only, since we do not know what else the operator serves beside it.
STRICT_TRANSPORT: Final = {"Strict-Transport-Security": "max-age=31536000"}
# Who asks whether we live may know us by an address alone.
PROBES: Final = frozenset({"/healthz", "/readyz", "/safetyz", "/metrics"})


class WrongHost(HTTPException):
    """The request is for another name than ours (421 Misdirected Request)."""

    code = 421


def init_edge(app: Flask, settings: Settings) -> None:
    """Refuse foreign names, and give every answer its headers; a stricter one of a page stays."""
    names, headers = own_names(settings), security_headers(settings)

    @app.before_request
    def for_us() -> None:
        exempt = request.path in PROBES or on_crisis_route()
        if names and not exempt and not _is_ours(request.headers.get("Host", ""), names):
            raise WrongHost

    @app.after_request
    def keep(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every answer, also of the one that the front gives by itself."""
    is_https = urlsplit(settings.public_url).scheme == "https"
    return HEADERS | STRICT_TRANSPORT if is_https else HEADERS


def own_names(settings: Settings) -> frozenset[str]:
    """The names in `Host` that are ours; empty where no public one is set: then any is."""
    public = urlsplit(settings.public_url).hostname or ""
    if public in ("", settings.host) or _is_loopback(public):
        return frozenset()
    return frozenset({public, settings.host})


def _is_ours(host: str, names: frozenset[str]) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    # HTTP/1.0 may leave it out.
    return not host or name in names or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
