"""Style sheets of the pages, and the headers that allow nothing beside them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

ALERT_STYLE: Final = (Path(__file__).parent / "templates" / "style.css").read_text("utf-8")
PRINT_STYLE: Final = (Path(__file__).parent / "templates" / "caseload.css").read_text("utf-8")


def headers(style: str, form_action: str, scripts: str = "") -> dict[str, str]:
    """Return the headers of a page: no script but those named, no other site, this style,
    forms sent to there.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; {scripts}form-action {form_action};"
            " base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
