"""What danger can be read in a request that is refused (contract, "A refusal never hides danger").

A body that is JSON is read form by form; anything else (cut, badly encoded, nested too deep) by a
tolerant reader that knows no structure. Both run in linear time over the first megabyte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.rules.decision import Tier

SCANNED_BYTES = 1_048_576
"""The contract's 1 MB, counted generously; the rest of a longer body is drained, not read."""

_HOLDERS = (tuple, list, str)  # what can hold a form; a JSON object is read as a tuple of pairs
_ITEM9_ONE = "q9=1"
_MAY_HOLD_FORMS = ("answers", "items")


@dataclass(frozen=True, slots=True)
class Danger:
    """`found`: link ids and values such as `q9=2`, `q4=1` or `help_request`; never other text.

    `tier` is high when all that is found is an item 9 of 1, else critical.
    """

    tier: Tier
    found: tuple[str, ...]


def find_danger(body: bytes, instrument: str | None = None) -> Danger | None:
    """The danger that can be read in `body`, None when there is none. Never raises.

    `instrument`: the code of the form that the address names (an amendment's body names none).
    """
    found = _find(body, form_family(instrument))
    if not found:
        return None
    tier = Tier.HIGH if found == {_ITEM9_ONE} else Tier.CRITICAL
    return Danger(tier, tuple(sorted(found)))


def _find(body: bytes, family: str | None) -> set[str]:
    scanned = body[:SCANNED_BYTES]
    if len(scanned) < len(body):
        return find_in_text(scanned, family)
    try:
        parsed = json.loads(scanned, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return find_in_text(scanned, family)
    return {each for finding in _findings(parsed, family) for each in finding}


def _findings(parsed: object, family: str | None) -> Iterator[set[str]]:
    """Walks without recursion; each object hands its instrument down to what it holds."""
    waiting: list[tuple[object, str | None, bool]] = [(parsed, family, True)]
    while waiting:
        node, inherited, may_be_form = waiting.pop()
        if isinstance(node, str) and may_be_form:
            # a client that encodes twice sends a form as text
            yield find_in_text(node.encode("utf-8", "replace"), inherited)
        elif isinstance(node, tuple):
            own, found = read_object(node, inherited)
            yield found
            waiting += [
                (value, own, key in _MAY_HOLD_FORMS)
                for key, value in node
                if isinstance(value, _HOLDERS)
            ]
        elif isinstance(node, list):
            children = [each for each in node if isinstance(each, _HOLDERS)]
            waiting += [(each, inherited, may_be_form) for each in children]


Pairs = tuple[tuple[str, object], ...]
"""A JSON object with every pair it was sent with: a repeated key must not hide the first."""

Links = list[tuple[str, int | None]]

_LONGEST_KEY = 64
_FAMILIES = ("phq", "cssrs", "gad", "pcl", "asrm", "urinary", "mood")
_YES = ("true", "yes")
_NUMBER = re.compile(r"\+?0*([0-9]{1,3})(?:\.[0-9]*)?", re.ASCII)
_BEYOND_CSSRS = re.compile(r"q(?:[7-9]|[1-9][0-9])")


def form_family(instrument: object) -> str | None:
    """The word of `_FAMILIES` that the code begins with, however it is written; else None."""
    if not isinstance(instrument, str):
        return None
    letters = re.sub(r"[^a-z0-9]", "", instrument[:64].casefold())
    return next((family for family in _FAMILIES if letters.startswith(family)), None)


def read_object(pairs: Pairs, around: str | None) -> tuple[str | None, set[str]]:
    """The family of the form that an object belongs to, and the danger in its own answers.

    `around`: the family of the object around it, used when this one names none; two different
    names leave it unreadable.
    """
    named, links, found = set(), [], set()
    for key, value in pairs:
        link = key.strip().casefold() if len(key) < _LONGEST_KEY else ""
        if link.startswith("q"):
            links.append((link, _number(value)))
        elif link == "instrument":
            named.add(form_family(value))
        elif link == "type" and value == "help_request":
            found.add("help_request")
    family = around if not named else named.pop() if len(named) == 1 else None
    return family, found | _dangerous(links, family) if links else found


def _dangerous(links: Links, family: str | None) -> set[str]:
    """Item 9 of 1-3 unless the form is known to be another; C-SSRS `q3`-`q6b` of 1.

    C-SSRS links count in a C-SSRS form, and in an unreadable one that looks like it: no link
    beyond `q6b`, no answer but 0 and 1.
    """
    found: set[str] = set()
    if family in (None, "phq"):
        found |= {f"{link}={n}" for link, n in links if link == ITEM9_LINK and n in (1, 2, 3)}
    yes = {f"{link}=1" for link, n in links if link in CSSRS_LINKS and n == 1}
    if family == "cssrs" or (family is None and yes and _looks_like_cssrs(links)):
        found |= yes
    return found


def _looks_like_cssrs(links: Links) -> bool:
    if any(link == "q6b" for link, _ in links):
        return True
    return not any(_BEYOND_CSSRS.fullmatch(link) or n not in (0, 1, None) for link, n in links)


def _number(value: object) -> int | None:
    """The whole part of an answer however it was written; `true` and `yes` are 1."""
    if type(value) is int:
        return value
    text = str(value).strip().casefold() if isinstance(value, bool | float | str) else ""
    if text in _YES:
        return 1
    match = _NUMBER.fullmatch(text[:64])
    return int(match[1]) if match else None


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
