"""Codes to be scanned, drawn here as SVG: nobody else learns of them."""

from __future__ import annotations

from io import BytesIO

from flask import request

from api.browser.session import settings


def invitation_link(code: str) -> str:
    """What the patient's app opens; the code stands in the fragment, which reaches no server."""
    address = settings().public_url or request.url_root
    return f"{address.rstrip('/')}/app/#invitation={code}"


def picture_of(text: str) -> str:
    """A QR code as SVG."""
    import segno  # few pages show a code

    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, svgclass="qr", lineclass=None
    )
    return drawn.getvalue().decode()
