"""The keys that sign tokens and derive the other keys: kept in a file, never weak."""

from __future__ import annotations

import secrets
import sys
from itertools import pairwise
from math import log2
from pathlib import Path
from string import ascii_letters, digits, hexdigits
from typing import Any, Final

from services.kept_files import place_first

MIN_BYTES = 32
# 16 random bytes are 128 bits; four words of a list about 60. What lies between is estimated.
MIN_BITS: Final = 100
# The estimator takes no more, and a random key has enough long before.
ESTIMATED: Final = 72
WORD_LEAST: Final = 4
SEPARATORS: Final = frozenset(" -_.,;:'")
MIN_DISTINCT = 8
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "example",
    "placeholder",
)


def weakness(key: str) -> str | None:
    """Why this key may not be used, or `None`. The answer never repeats the key."""
    if len(key.encode()) < MIN_BYTES:
        return f"is weak: it must have at least {MIN_BYTES} bytes"
    if len(set(key)) < MIN_DISTINCT or key in (key + key)[1:-1] or _is_a_run(key):
        return "is weak: it repeats itself; use random characters"
    if any(word in key.lower() for word in PLACEHOLDERS):
        return "is weak: it is a placeholder; use random characters"
    if estimated_bits(key) < MIN_BITS:
        return "is weak: it is made of words; use random characters"
    return None


def estimated_bits(key: str) -> float:
    """How many bits an attacker has to guess who knows English words, names and common passwords:
    a word counts by its rank, any other character as random of its kind. A bound from above: words
    of other languages count as random characters.
    """
    beginning = key[:ESTIMATED]
    bits = log2(_alphabet(beginning))
    total = 0.0
    for part in _parts(beginning):
        token: str = part["token"]
        random_bits = bits * sum(character not in SEPARATORS for character in token)
        is_word = part["pattern"] == "dictionary" and len(token) >= WORD_LEAST
        if is_word and any(character.isalpha() for character in token):
            random_bits = min(random_bits, log2(float(part["guesses"])))
        total += random_bits
    return total


def _parts(key: str) -> list[dict[str, Any]]:
    """What the key is made of, as zxcvbn sees it. Its lists of words take 12 MB: a process that
    needs them once, as it starts, does not keep them.
    """
    was_here = "zxcvbn" in sys.modules
    from zxcvbn import zxcvbn

    parts: list[dict[str, Any]] = zxcvbn(key)["sequence"]
    if not was_here:
        for name in [one for one in sys.modules if one.partition(".")[0] == "zxcvbn"]:
            vars(sys.modules.pop(name)).clear()
    return parts


def _alphabet(key: str) -> int:
    """How many characters those of the key seem to be chosen from; two at least."""
    found = set(key) - SEPARATORS
    if found <= set(digits):
        return len(digits)
    if found <= set(hexdigits):
        return 16
    cases = sum(26 for fold in (str.islower, str.isupper) if any(map(fold, found)))
    return cases + 10 * bool(found & set(digits)) + len(found - set(ascii_letters + digits)) or 2


def _is_a_run(key: str) -> bool:
    """Whether most characters follow from the one before, as in `abcdef` or `111222`."""
    steps = [abs(ord(second) - ord(first)) for first, second in pairwise(key)]
    return 2 * sum(step <= 1 for step in steps) > len(steps)


def kept_secret_keys(data_dir: Path, *, make: bool) -> tuple[str, ...]:
    """Read `<data_dir>/secret_key`: a line a key, the one to write with first; of those that may
    `make` it, the first one does (mode 0600).

    Raises `OSError`: `FileNotFoundError` when it is not there and may not be made.

    The file appears complete or not at all, so that two processes starting together never sign
    with different keys.
    """
    path = data_dir / "secret_key"
    if make and not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        place_first(path, secrets.token_urlsafe(48))
    return tuple(path.read_text(encoding="ascii").split())
