"""A passkey in a form: the one script that asks for it, and the answer that comes with the form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flask import request

SCRIPT: Final = Path(__file__).with_name("passkeys.js").read_text("utf-8").strip()


def sent_passkey() -> dict[str, Any]:
    """The authenticator's answer; empty where none was sent, or nothing that could be one."""
    try:
        answer = json.loads(request.form.get("passkey") or "{}")
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def as_asked(options: Mapping[str, Any] | None) -> str:
    """What the script reads of its button; empty where no passkey is asked for."""
    return json.dumps(options) if options else ""
