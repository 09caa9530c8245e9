"""Firebase Cloud Messaging against a double of its two endpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from services.channels.base import ChannelError
from services.channels.reminders.fcm import FcmChannel, ServiceAccount
from services.channels.reminders.nudge import AddressGone, BusyLater, Nudge, wait_of
from tests.fixtures.fcm import PROJECT, FcmService, granted, refused, taken
from tests.fixtures.webhook import Answer

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)
NUDGE = Nudge("token-of-an-app", "Your check-in is ready.", "Two minutes.", 3600)


@pytest.fixture
def channel(fcm_service: FcmService) -> FcmChannel:
    return FcmChannel(fcm_service.account, timeout_s=2.0)


def failure_of(channel: FcmChannel, at: datetime = NOW) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        channel.remind(NUDGE, at)
    assert NUDGE.address not in str(raised.value)
    return raised.value


def test_a_reminder_replaces_the_one_before_and_ends(
    channel: FcmChannel, fcm_service: FcmService
) -> None:
    channel.remind(NUDGE, NOW)
    (request,) = fcm_service.sends.requests
    assert request.path == f"/v1/projects/{PROJECT}/messages:send"
    assert request.headers["Authorization"] == "Bearer ya29.made-up"
    message = orjson.loads(request.body)["message"]
    assert message["token"] == NUDGE.address
    assert message["notification"] == {"title": NUDGE.title, "body": NUDGE.body}
    assert (message["android"]["ttl"], message["android"]["priority"]) == ("3600s", "normal")
    assert message["apns"]["headers"]["apns-expiration"] == str(int(NOW.timestamp()) + 3600)
    tags = {message["android"]["collapse_key"], message["android"]["notification"]["tag"]}
    assert tags == {message["apns"]["headers"]["apns-collapse-id"]}


def test_one_token_serves_until_it_ends(channel: FcmChannel, fcm_service: FcmService) -> None:
    for minutes in (0, 30, 57):
        channel.remind(NUDGE, NOW + timedelta(minutes=minutes))
    (asked,) = fcm_service.tokens.requests
    assert fcm_service.check_assertion(asked)["iat"] == int(NOW.timestamp())
    fcm_service.tokens.otherwise = granted("ya29.another")
    channel.remind(NUDGE, NOW + timedelta(minutes=59))
    assert fcm_service.sends.requests[-1].headers["Authorization"] == "Bearer ya29.another"


def test_a_token_that_is_refused_is_asked_for_anew(
    channel: FcmChannel, fcm_service: FcmService
) -> None:
    fcm_service.sends.answers.append(refused(401, "THIRD_PARTY_AUTH_ERROR"))
    assert not failure_of(channel).permanent
    channel.remind(NUDGE, NOW)
    assert len(fcm_service.tokens.requests) == 2


@pytest.mark.parametrize(
    ("answer", "reason", "kind", "permanent"),
    [
        (refused(404, "UNREGISTERED"), "fcm_unregistered", AddressGone, True),
        (refused(403, "SENDER_ID_MISMATCH"), "fcm_sender_id_mismatch", AddressGone, True),
        (refused(400, "INVALID_ARGUMENT"), "fcm_400", ChannelError, True),
        (Answer(404, b"<html>"), "fcm_404", ChannelError, True),
        (Answer(400, b'{"error": {"details": [7, {"errorCode": 7}]}}'), "fcm_400", None, True),
        (Answer(500, b"[]"), "fcm_500", ChannelError, False),
        (refused(503, "UNAVAILABLE"), "fcm_503", ChannelError, False),
        (refused(503, "UNAVAILABLE", "60"), "fcm_503", BusyLater, False),
        (refused(429, "QUOTA_EXCEEDED", "90000"), "fcm_429", BusyLater, False),
    ],
)
def test_what_an_answer_means(
    channel: FcmChannel,
    fcm_service: FcmService,
    answer: Answer,
    reason: str,
    kind: type[ChannelError] | None,
    permanent: bool,
) -> None:
    fcm_service.sends.otherwise = answer
    error = failure_of(channel)
    assert (error.reason, error.permanent) == (reason, permanent)
    assert type(error) is (kind or ChannelError)
    if isinstance(error, BusyLater):
        assert error.retry_after_s == min(int(answer.headers["Retry-After"]), 3600)


def test_a_line_that_is_cut_is_tried_again(channel: FcmChannel, fcm_service: FcmService) -> None:
    fcm_service.sends.otherwise = Answer(drop=True)
    assert not failure_of(channel).permanent
    fcm_service.sends.otherwise = taken()
    channel.remind(NUDGE, NOW)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(400, b'{"error": "invalid_grant"}'), "fcm_token_400"),
        (Answer(503, b"", {"Retry-After": "5"}), "fcm_token_503"),
        (Answer(200, b"{}"), "fcm_token_unreadable"),
        (Answer(200, b"no"), "fcm_token_unreadable"),
    ],
)
def test_without_a_token_nothing_is_sent(
    channel: FcmChannel, fcm_service: FcmService, answer: Answer, reason: str
) -> None:
    fcm_service.tokens.otherwise = answer
    error = failure_of(channel)
    assert (error.reason, error.permanent) == (reason, False)
    assert fcm_service.sends.requests == []


def test_the_key_file_is_read_as_google_gives_it(fcm_service: FcmService, tmp_path: Path) -> None:
    path = fcm_service.key_file(tmp_path)
    found = ServiceAccount.read(path)
    assert (found.project_id, found.sends) == (PROJECT, "https://fcm.googleapis.com")
    assert "PRIVATE KEY" not in repr(found)
    for content in ("", "[]", '{"project_id": "x"}', path.read_text().replace("BEGIN", "END")):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"\w"):
            ServiceAccount.read(path)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("999999", 3600),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_when_to_come_back(header: str | None, wait: int | None) -> None:
    assert wait_of(header) == wait
