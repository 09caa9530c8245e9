"""Entries of phones: valid until a test changes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

NOTE = "I slept badly, quagga"


def phq9(item9: int | str | None = 0, others: int = 1, **changes: Any) -> dict[str, Any]:
    """A check-in; complete unless `answers` is changed."""
    answers: dict[str, Any] = {f"q{item}": others for item in range(1, 9)} | {"q9": item9}
    return {
        "id": str(uuid4()),
        "instrument": "phq9",
        "answers": answers,
        "recorded_at": datetime.now(UTC).isoformat(),
        "timezone": "Europe/Paris",
        **changes,
    }


def cssrs(*yes: str, **changes: Any) -> dict[str, Any]:
    """A C-SSRS screener with these questions answered yes, the others no."""
    asked = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
    answers = {link: int(link in yes) for link in asked}
    return phq9(**{"instrument": "cssrs-screener", "answers": answers, **changes})


def since_last(*yes: str, **changes: Any) -> dict[str, Any]:
    """The C-SSRS that is asked once a lifetime one is on file, answered likewise."""
    return cssrs(*yes, instrument="cssrs-since-last-contact", **changes)


def ago(**span: float) -> str:
    """An instant before now, as a phone writes it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()
