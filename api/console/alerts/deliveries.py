"""What was sent to whom about an alert, and what became of it. What somebody on the way took is
never called received: only the receiver's own answer is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from api.page.clock import Clock

Sent = Mapping[str, Any]

WHAT: Final = {"page": "Page", "digest": "Morning mail", "stand_down": "Stand-down"}
BY: Final = {
    "email": "by mail",
    "sms": "by text message",
    "webhook": "by webhook",
    "webpush": "in a browser",
    "apprise": "by pager",
}
ACCEPTED: Final = {
    "email": "accepted by the mail server",
    "sms": "accepted by the text message provider",
    "webhook": "accepted by the receiver's server",
    "webpush": "accepted by the browser's push service",
    "apprise": "accepted by the pager's service",
}
RECEIVED: Final = {
    "sms": "received: the phone has it, the provider reports",
    "webhook": "received: the receiver itself answered",
    "webpush": "received: the browser itself answered",
}
STATES: Final = {
    "pending": "waits to be sent",
    "sending": "is being sent",
    "failed_temporarily": "failed, is tried again",
    "failed_permanently": "failed, given up",
}
REASONS: Final = {
    "smtp_unreachable": "the mail server could not be reached",
    "smtp_timeout": "the mail server did not answer",
    "smtp_bad_address": "the address is no mail address",
    "webhook_unreachable": "the receiver could not be reached",
    "webhook_timeout": "the receiver did not answer",
    "no_mail_server": "there is no mail server",
    "recipient_left": "the account is switched off",
    "alert_resolved": "the alert had ended",
    "nobody_has_it": "nobody has the alert any more",
    "sender_fault": "a fault of this service",
}
TENTHS_BELOW_S, MINUTE_S, HOUR_S, DAY_S = 10, 60, 3_600, 86_400


def deliveries(alert: Mapping[str, Any], times: Clock) -> list[dict[str, Any]]:
    """A row for each page, morning mail and stand-down, oldest first."""
    return [_delivery(sent, times) for sent in alert["notifications"]]


def _delivery(sent: Sent, times: Clock) -> dict[str, Any]:
    return {
        "what": WHAT[sent["kind"]],
        "to": to_whom(sent),
        "due": times.at(sent["queued_at"]),
        "state": state_words(sent["channel"], sent["state"]),
        "tone": _tone(sent["state"]),
        "tries": [
            {
                "at": times.at(each["at"]),
                "iso": iso(each["at"]),
                "words": outcome_words(sent["channel"], each["outcome"]),
                "after": length(each["at"], sent["queued_at"]),
            }
            for each in sent["attempts"]
        ],
    }


def to_whom(sent: Sent) -> str:
    """`Ann Quagga, by mail`; a contact of the chain has its way in its name."""
    name = str(sent["contact"])
    return name if name.endswith(")") else f"{name}, {BY[sent['channel']]}"


def state_words(channel: str, state: str) -> str:
    """What became of it, as far as it is known."""
    if state == "sent":
        return ACCEPTED[channel]
    if state == "delivered":
        return RECEIVED.get(channel, "received")
    return STATES[state]


def outcome_words(channel: str, outcome: str) -> str:
    """How one try went."""
    if outcome in ("sent", "delivered"):
        return state_words(channel, outcome)
    return f"failed: {reason_words(outcome)}"


def reason_words(reason: str) -> str:
    """A stable word of the record as a person reads it."""
    return REASONS.get(reason, reason.replace("_", " "))


def length(later: datetime, earlier: datetime) -> str:
    """How long after an instant another one was."""
    return seconds_words((later - earlier).total_seconds())


def seconds_words(seconds: float) -> str:
    """`0.2 s`, `12 s`, `3 min 4 s`, `2 h 5 min`, `3 days`; of less than nothing `0.0 s`."""
    seconds = max(0.0, seconds)
    if seconds < TENTHS_BELOW_S:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S} s"
    if whole < 2 * DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} days"


def iso(at: datetime) -> str:
    """For `datetime` of a time element."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _tone(state: str) -> str:
    if state.startswith("failed"):
        return "high"
    return "good" if state == "delivered" else "low"
