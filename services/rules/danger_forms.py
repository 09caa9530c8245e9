"""Danger in the objects of a JSON body: whose form it is, and which answers count in it."""

import re
from collections.abc import Iterable

from services.rules.danger_text import CSSRS_LINKS, ITEM9_LINK


class Pairs(list[tuple[str, object]]):
    """A JSON object with every pair it was sent with: a repeated key must not hide the first."""


_FAMILIES = ("phq", "cssrs", "gad", "pcl", "mood")
_YES = ("true", "yes")
_NUMBER = re.compile(r"\+?0*([0-9]{1,3})(?:\.[0-9]*)?", re.ASCII)
_BEYOND_CSSRS = re.compile(r"q(?:[7-9]|[1-9][0-9])")


def form_family(instrument: object) -> str | None:
    """`phq`, `cssrs`, `gad`, `pcl` or `mood`, however the code is written; None: unreadable."""
    if not isinstance(instrument, str):
        return None
    letters = re.sub(r"[^a-z0-9]", "", instrument[:64].casefold())
    return next((family for family in _FAMILIES if letters.startswith(family)), None)


def instruments_in(pairs: Pairs, inherited: str | None) -> str | None:
    """The family that an object names, else the one around it; two different ones: unreadable."""
    named = {form_family(value) for key, value in pairs if _link(key) == "instrument"}
    if not named:
        return inherited
    return named.pop() if len(named) == 1 else None


def find_in_pairs(pairs: Pairs, family: str | None) -> set[str]:
    """Item 9 of 1-3, C-SSRS `q3`-`q6b` of 1 and help requests among the pairs of one object.

    Item 9 counts unless the form is known to be another. C-SSRS links count in a C-SSRS form, and
    in an unreadable one that looks like it: no link beyond `q6b`, no answer but 0 and 1.
    """
    links = [(_link(key), _number(value)) for key, value in pairs]
    found: set[str] = set()
    if family in (None, "phq"):
        found |= {f"{ITEM9_LINK}={n}" for link, n in links if link == ITEM9_LINK and n in (1, 2, 3)}
    if family == "cssrs" or (family is None and _looks_like_cssrs(links)):
        found |= {f"{link}=1" for link, n in links if link in CSSRS_LINKS and n == 1}
    if any(_link(key) == "type" and value == "help_request" for key, value in pairs):
        found.add("help_request")
    return found


def _looks_like_cssrs(links: Iterable[tuple[str, int | None]]) -> bool:
    asked = [(link, n) for link, n in links if link.startswith("q")]
    if any(link == "q6b" for link, _ in asked):
        return True
    return not any(_BEYOND_CSSRS.fullmatch(link) or n not in (0, 1, None) for link, n in asked)


def _link(key: str) -> str:
    return key.strip().casefold() if len(key) < 64 else ""


def _number(value: object) -> int | None:
    """The whole part of an answer however it was written; `true` and `yes` are 1."""
    text = str(value).strip().casefold() if isinstance(value, int | float | str) else ""
    if text in _YES:
        return 1
    match = _NUMBER.fullmatch(text[:64])
    return int(match[1]) if match else None
