"""What differs between two runs of the same code gets a name that does not."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

ID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
FIELD_BEFORE: Final = re.compile(r'"(\w+)":\s*(?:\[[^\]\[{}]*)?"?$')
HASH: Final = re.compile(r'"content_hash":"[0-9a-f]{64}"')
# In this order: a token may hold what looks like something smaller.
SECRETS: Final = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\b"), "<code>"),
    (re.compile(r"\b[0-9a-z]{5}(?: [0-9a-z]{5}){3}\b"), "<code in small letters>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<64 hexadecimal digits>"),
    (re.compile(r" content [0-9a-f]{12}\b"), " content <12 hexadecimal digits>"),
    (re.compile(r'("next_cursor":\s*)"[^"]+"'), r'\1"<cursor>"'),
    (re.compile(r"([?&]cursor=)[\w-]{20,}"), r"\1<cursor>"),
    (re.compile(r'("signing_secret":\s*)"[^"]+"'), r'\1"<secret>"'),
    # A bar of progress tells the seconds.
    (re.compile(r"(?m)^.*━━━.* \d:\d\d:\d\d *\n"), ""),
    (re.compile(r"http://127\.0\.0\.1:(?!8000)\d+"), "http://127.0.0.1:<port>"),
)


class Masks:
    """Names ids by who saw them first, when, and in which field."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: dict[str, int] = {}

    def know(self, identifier: str, name: str) -> None:
        """An id that we made ourselves."""
        self._names[identifier] = f"<{name}>"

    def know_new(self, identifier: str, name: str) -> None:
        """An id that may have a name already; one name may be of several ids, which are counted."""
        if identifier not in self._names:
            self._names[identifier] = f"<{self._counted(name)}>"

    def text(self, text: str, where: str) -> str:
        """The text without what differs; ``where``: who reads it, and when."""
        for pattern, mask in SECRETS:
            text = pattern.sub(mask, text)
        return ID.sub(lambda found: self._name(found, where), text)

    def document(self, text: str, where: str) -> str:
        """The same of a JSON document, whose hash is checked instead of shown."""
        return self.text(HASH.sub(f'"content_hash":"<{_hash_fits(text)}>"', text), where)

    def known(self, text: str) -> str:
        """The text with an id that has no name yet as no more than an id."""
        for pattern, mask in SECRETS:
            text = pattern.sub(mask, text)
        return ID.sub(lambda found: self._names.get(found[0].lower(), "<id>"), text)

    def _name(self, found: re.Match[str], where: str) -> str:
        identifier = found[0].lower()
        if identifier not in self._names:
            field = FIELD_BEFORE.search(found.string[max(0, found.start() - 200) : found.start()])
            name = self._counted(f"{field[1] if field else 'id'} of {where}")
            self._names[identifier] = f"<{name}>"
        return self._names[identifier]

    def _counted(self, name: str) -> str:
        times = self._taken[name] = self._taken.get(name, 0) + 1
        return f"{name} #{times}" if times > 1 else name


def _hash_fits(text: str) -> str:
    """Is the hash the one that the contract describes?"""
    document: dict[str, Any] = json.loads(text)
    hashed = document.pop("content_hash", None)
    document.pop("generated_at", None)
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "right" if hashlib.sha256(plain.encode()).hexdigest() == hashed else "wrong"
