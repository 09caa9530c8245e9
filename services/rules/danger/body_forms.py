"""A JSON body as texts, one for each form in it: ids before values, nothing that is only prose."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

from services.rules.danger.body_text import SCANNED_BYTES, plain
from services.rules.danger.body_words import WORDS, option_value

_LONGEST_KEY: Final = 64
_LONGEST_WORDS: Final = 4096
_DEEPEST_TEXT: Final = 4

Pairs = tuple[tuple[str, Any], ...]
"""A JSON object with every pair it was sent with: a repeated key must not hide the first."""


def forms_of(text: str) -> list[str]:
    """The forms of a body that is JSON; a body that is not, as it stands. Never raises.

    An entry of a list that names an instrument is a form of its own.
    """
    if len(text) >= SCANNED_BYTES:
        return [text]
    try:
        writer = _Writer()
        writer.write(json.loads(text, object_pairs_hook=tuple))
    except (ValueError, RecursionError):
        return [text]
    return writer.finished()


class _Writer:
    """Writes a document again. `out`: the form that is being written; `forms`: those apart."""

    def __init__(self) -> None:
        self.forms: list[str] = []
        self.out: list[str] = []
        self.depth = 0

    def finished(self) -> list[str]:
        """All forms, the outermost last."""
        return [*self.forms, "".join(self.out)]

    def write(self, node: Any) -> bool:
        """Write a value; whether it names an instrument."""
        if isinstance(node, tuple):
            return self._object(node)
        if isinstance(node, list):
            self._list(node)
            return False
        if isinstance(node, str):
            self._text(node)
        else:
            self.out.append("null" if node is None else str(node))
        return False

    def _object(self, pairs: Pairs) -> bool:
        named = False
        self.out.append("{")
        for key, value in sorted(pairs, key=lambda pair: not _names_item(*pair)):
            kind = _kind(key[:_LONGEST_KEY])
            self.out.append(f'"{key}":')
            answer = "" if isinstance(value, str) and _is_prose(kind, value) else value
            named = self.write(answer) or named or kind == "instrument"
            self.out.append(",")
        self.out.append("}")
        return named

    def _list(self, nodes: list[Any]) -> None:
        self.out.append("[")
        for node in nodes:
            start = len(self.out)
            if self.write(node):
                self.forms.append("".join(self.out[start:]))
                del self.out[start:]
            self.out.append(",")
        if nodes:
            self.out.pop()
        self.out.append("]")

    def _text(self, text: str) -> None:
        """A client that encodes twice sends a form as text; a long text is no answer."""
        if text.lstrip()[:1] in ("{", "[", '"') and self.depth < _DEEPEST_TEXT:
            self.depth += 1
            try:
                self.write(json.loads(text, object_pairs_hook=tuple))
            except ValueError:
                self.out.append(text[:_LONGEST_WORDS])
            finally:
                self.depth -= 1
        else:
            self.out.append(f'"{text[:_LONGEST_WORDS]}"')


def _names_item(key: str, value: object) -> bool:
    return isinstance(value, str | int) and _kind(key[:_LONGEST_KEY]) == "id"


@lru_cache(maxsize=4096)
def _kind(key: str) -> str:
    word = plain(key).strip().replace("-", "_")
    if word in WORDS.note_keys:
        return "note"
    if word in WORDS.prose_keys:
        return "prose"
    if word in WORDS.id_words:
        return "id"
    return "instrument" if word.split("_", maxsplit=1)[0] in WORDS.instrument_keys else ""


def _is_prose(kind: str, text: str) -> bool:
    """A note, or a sentence that is not an option's: neither is an answer."""
    return kind == "note" or (
        kind == "prose" and " " in text.strip() and option_value(plain(text)) is None
    )
