"""A request writes one line of log, whatever it is called, and none of its own words."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.observability.logs import LineLogger
from tests.builders.world import ClinicWorld

FORGED = '{"event": "request", "route": "/v1/zyzzyva"}'
ODD = {
    "a method of two lines": {"REQUEST_METHOD": f"GET\r\n{FORGED}"},
    "a made-up method": {"REQUEST_METHOD": "ZYZZYVA"},
    "a path of two lines": {"PATH_INFO": f"/v1/zyzzyva\n{FORGED}"},
    "a path with signs": {"PATH_INFO": "/v1/check-ins/\x85zyzzyva\x1b[2J"},
    "a query": {"QUERY_STRING": f"zyzzyva=%0d%0a{FORGED}"},
    "an id": {"HTTP_X_REQUEST_ID": f"1\n{FORGED}"},
    "a user agent": {"HTTP_USER_AGENT": f"zyzzyva\n{FORGED}"},
    "a token": {"HTTP_AUTHORIZATION": f"Bearer zyzzyva\n{FORGED}"},
    "a host": {"HTTP_HOST": "zyzzyva"},
    "a version": {"HTTP_INTERLUDE_APP_VERSION": "zyzzyva"},
    "a media type": {"CONTENT_TYPE": "zyzzyva\n"},
}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the log is given, line by line."""
    found: list[str] = []
    monkeypatch.setattr(LineLogger, "_write", lambda _self, text: found.append(text))
    return found


@pytest.mark.parametrize("odd", ODD)
def test_what_a_request_says_of_itself_stands_in_no_line(
    app: Flask, clinic: ClinicWorld, lines: list[str], odd: str
) -> None:
    client, headers = FlaskClient(app), clinic.patient().headers
    lines.clear()
    for path in ("/v1/me", "/v1/check-ins"):
        client.get(path, headers=headers, environ_overrides=ODD[odd])
    assert [json.loads(line)["event"] for line in lines].count("request") == 2
    for line in lines:
        assert line.count("\n") == 1
        assert "zyzzyva" not in line.casefold()
