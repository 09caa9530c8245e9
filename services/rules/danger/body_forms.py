"""A JSON body as texts, one for each form in it: ids, then answers, nothing that is only prose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from services.rules.danger.body_text import SCANNED_BYTES, decoded, opened, plain
from services.rules.danger.body_words import ITEM, WORDS, option_value

_LONGEST_KEY: Final = 64
_LONGEST_WORDS: Final = 4096
_DEEPEST_TEXT: Final = 4
_MOST_OPENED: Final = 4
_SHORTEST_PACKED: Final = 24
_DEEPEST_NAME: Final = 3
_MOST_ENTRIES: Final = 8
_DATA_URI: Final = re.compile(r"data:[^,]{0,80};base64,")

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
        self.opened = 0

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
        for key, value in sorted(pairs, key=_place):
            kind = _kind(key[:_LONGEST_KEY])
            self.out.append(f'"{key}":')
            answer = "" if isinstance(value, str) and _is_prose(kind, value) else value
            if isinstance(value, tuple | list):
                answer = _item_named(value) if kind == "id" else _fhir_value(key, value)
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
        text = self._inside(text)
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

    def _inside(self, text: str) -> str:
        """What a text of nothing but base64 holds; a few of a body, since one may hold much."""
        packed = text[_prefix(text) :]
        if len(packed) < _SHORTEST_PACKED or not packed.isascii() or self.opened == _MOST_OPENED:
            return text
        raw = packed.encode()
        inside = opened(raw)
        if inside == raw:
            return text
        self.opened += 1
        return decoded(inside)


def _prefix(text: str) -> int:
    found = _DATA_URI.match(text)
    return found.end() if found else 0


def _place(pair: tuple[str, Any]) -> int:
    """The item's name first, then its answer, then what else is said of it."""
    kind, value = _kind(pair[0][:_LONGEST_KEY]), pair[1]
    if kind == "id" and isinstance(value, str | int):
        return 0
    if isinstance(value, str) and ITEM.search(plain(value[:_LONGEST_KEY])):
        return 0
    if kind == "id" and _item_named(value) is not value:
        return 0
    return 1 if kind == "answer" else 2


def _item_named(node: Any) -> Any:
    """The item's name, where a description of a question has one (`{"coding": [{"code": ...}]}`);
    else the description.
    """
    return next((text for text in _texts(node, _DEEPEST_NAME) if _names_an_item(text)), node)


def _texts(node: Any, deepest: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif deepest and isinstance(node, tuple | list):
        pairs = node if isinstance(node, tuple) else [("", each) for each in node]
        for key, inside in pairs[:_MOST_ENTRIES]:
            if _kind(key[:_LONGEST_KEY]) != "prose":
                yield from _texts(inside, deepest - 1)


def _names_an_item(text: str) -> bool:
    word = plain(text[:_LONGEST_KEY]).strip()
    return any(found.end() == len(word) for found in ITEM.finditer(word))


def _fhir_value(key: str, node: Any) -> Any:
    """What a FHIR value holds: of a Quantity the number alone, since its unit may be "1"; the code
    of a Coding is an answer, also when it is a number.
    """
    name = key[:_LONGEST_KEY].lower()
    if name.endswith("quantity") and isinstance(node, tuple):
        return tuple(pair for pair in node if pair[0] == "value")
    if name.endswith("coding"):
        return [_coded(each) for each in (node if isinstance(node, list) else [node])]
    return node


def _coded(node: Any) -> Any:
    if not isinstance(node, tuple):
        return node
    return tuple(("value" if key == "code" else key, value) for key, value in node)


@lru_cache(maxsize=4096)
def _kind(key: str) -> str:
    word = plain(key).strip().replace("-", "_")
    if word in WORDS.note_keys:
        return "note"
    if word in WORDS.prose_keys:
        return "prose"
    if word in WORDS.id_words:
        return "id"
    first = word.split("_", maxsplit=1)[0]
    if first in WORDS.answer_keys:
        return "answer"
    return "instrument" if first in WORDS.instrument_keys else ""


def _is_prose(kind: str, text: str) -> bool:
    """A note, or a sentence that is not an option's: neither is an answer."""
    return kind == "note" or (
        kind == "prose" and " " in text.strip() and option_value(plain(text)) is None
    )
