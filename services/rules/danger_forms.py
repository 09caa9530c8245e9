"""Danger in the objects of a JSON body: whose form it is, and which answers count in it."""

import re

from services.rules.danger_text import CSSRS_LINKS, ITEM9_LINK

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
