"""The headers of our pages: nothing is allowed but what they name."""

from __future__ import annotations


def page_headers(style: str, form_action: str, scripts: str = "") -> dict[str, str]:
    """Return the headers of a page: no script but those named, no other site, this style,
    forms sent to there.
    """
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {style}; {scripts}form-action {form_action};"
            " base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
