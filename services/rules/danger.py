"""What danger can be read in a request that is refused (contract, "A refusal never hides danger").

A body that is JSON is read form by form; anything else (cut, badly encoded, nested too deep) by a
tolerant reader that knows no structure. Both run in linear time over the first megabyte.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from services.rules.danger_forms import form_family, read_object
from services.rules.danger_text import find_in_text
from services.rules.tiers import Tier

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
            held = [each for each in node if isinstance(each, _HOLDERS)]
            waiting += [(each, inherited, may_be_form) for each in held]
