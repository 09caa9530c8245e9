"""The tolerant reader: danger in bytes that are no JSON (cut off, badly quoted, badly encoded)."""

import re

ITEM9_LINK = "q9"
CSSRS_LINKS = ("q3", "q4", "q5", "q6", "q6b")

# Possessive throughout: no input makes a match start over, so the time is linear in the length.
_VALUE = (
    r"\s*+(?:\\*+[\"'])?+\s*+[:=]\s*+(?:\\*+[\"'])?+\s*+"
    r"\+?+0*+(?:([1-3])(?![0-9])|(true|yes)(?![a-z]))"
)
_ANSWER = re.compile(r"(?<![0-9a-z_])(q9|q3|q4|q5|q6b|q6)" + _VALUE, re.IGNORECASE | re.ASCII)
_HELP = re.compile(
    r"(?<![0-9a-z_])type\s*+(?:\\*+[\"'])?+\s*+[:=]\s*+(?:\\*+[\"'])?+help_request",
    re.IGNORECASE | re.ASCII,
)
_INSTRUMENT = re.compile(
    r"(?<![0-9a-z_])instrument\s*+(?:\\*+[\"'])?+\s*+[:=]\s*+(?:\\*+[\"'])?+\s*+"
    r"(?:(phq|gad|pcl|mood)|(c-?ssrs))?+",
    re.IGNORECASE | re.ASCII,
)
_PHQ_LIKE = re.compile(r"(?<![0-9a-z_])q(?:[7-9]|1[0-9]|20)(?![0-9a-z_])", re.IGNORECASE)
_Q6B = re.compile(r"(?<![0-9a-z_])q6b(?![0-9a-z_])", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)


def find_in_text(body: bytes, family: str | None) -> set[str]:
    """What stands behind a danger link anywhere in the bytes, notes included.

    `family` (`danger_forms.form_family`) is used when the text names no instrument. One form that
    is known to be another has no item 9; several forms are not told apart, so that all count.
    """
    text = _as_text(body)
    named = [_named(match) for match in _INSTRUMENT.finditer(text)] or [family]
    found: set[str] = set()
    for match in _ANSWER.finditer(text):
        link, value = match[1].lower(), int(match[2] or 1)
        if link == ITEM9_LINK and _item9_counts(named):
            found.add(f"{link}={value}")
        elif link in CSSRS_LINKS and value == 1:
            found.add(f"{link}=1")
    if not _cssrs_counts(named, text):
        found -= {f"{link}=1" for link in CSSRS_LINKS}
    return found | {"help_request" for _ in _HELP.finditer(text)}


def _as_text(body: bytes) -> str:
    """Any bytes as text: without nulls, UTF-16 and UTF-32 read like ASCII; `\\u0071` is a `q`."""
    text = body.replace(b"\0", b"").decode("latin-1")
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _named(match: re.Match[str]) -> str | None:
    if match[2]:
        return "cssrs"
    return match[1].lower() if match[1] else None


def _item9_counts(named: list[str | None]) -> bool:
    return len(named) > 1 or named[0] in (None, "phq")


def _cssrs_counts(named: list[str | None], text: str) -> bool:
    if "cssrs" in named:
        return True
    return None in named and (_Q6B.search(text) is not None or _PHQ_LIKE.search(text) is None)
