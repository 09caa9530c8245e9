"""Style sheets of the pages, and the headers that allow nothing beside them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from api.browser.headers import page_headers

ALERT_STYLE: Final = (Path(__file__).parent / "templates" / "style.css").read_text("utf-8")
PRINT_STYLE: Final = (Path(__file__).parent / "templates" / "caseload.css").read_text("utf-8")


def headers(style: str, form_action: str, scripts: str = "") -> dict[str, str]:
    """The headers of a page that has its style within."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return page_headers(f"'sha256-{digest}'", form_action, scripts)
