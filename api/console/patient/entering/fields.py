"""Forms as data: their fields, and what somebody typed as the document that the API takes.

A form knows no rule: the schema of the API and the service refuse, and the words come back to the
field that they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final, Literal

from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

from api.console.local_times import instant_text, local_text
from api.console.patient.words import product

Kind = Literal[
    "text",
    "area",
    "lines",
    "email",
    "tel",
    "date",
    "instant",
    "whole",
    "amount",
    "choice",
    "answer",
    "tick",
    "many",
]
Options = Sequence[tuple[str, str]]
LEFT_OUT: Final[tuple[Any, ...]] = (None, "", [])
DECLINED: Final = "declined"
# In letters of the widest option.
LONG: Final = 24
SHORT: Final = 3
_INPUT: Final = {"date": "date", "instant": "datetime-local", "email": "email", "tel": "tel"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `name`: its path in the document, with a dot for what is nested; `empty`: the
    words of no choice; `options` of a choice, or of many.
    """

    name: str
    label: str
    kind: Kind = "text"
    options: Options = ()
    hint: str = ""
    required: bool = False
    empty: str | None = None
    most: int | None = None

    @property
    def input(self) -> str:
        """The type of its input."""
        return _INPUT.get(self.kind, "text")

    @property
    def width(self) -> str:
        """How much room its options need: `long`, a line each; `short`, as figures."""
        longest = max((len(words) for _, words in self.options), default=0)
        return "long" if longest > LONG else "short" if longest <= SHORT else ""


def of(schema: Schema, name: str, label: str, **more: Any) -> Field:
    """A field of a schema of the API: its kind, its choices, its length and whether it must be
    given are the schema's; `more` is what only people need.
    """
    found = _declared(schema, name)
    options = [(str(one), words(str(one))) for one in _choices(found)]
    inside = isinstance(found, fields.List) and isinstance(found.inner, fields.String)
    known: dict[str, Any] = {
        "kind": "choice" if options else "lines" if inside else _kind(found),
        "options": options,
        "required": found.required and not isinstance(found, fields.Boolean | fields.List),
        "most": _longest(found),
    }
    if options and not known["required"]:
        known["empty"] = "–"
    return Field(name, label, **(known | more))


def _declared(schema: Schema, name: str) -> fields.Field[Any]:
    first, _, rest = name.partition(".")
    found = schema.fields[first]
    return _declared(found.schema, rest) if rest and isinstance(found, fields.Nested) else found


def _kind(found: fields.Field[Any]) -> Kind:
    return next(kind for base, kind in _KINDS if isinstance(found, base))


# The order matters: an instant is a date and time, a date and time is no date.
_KINDS: Final[Sequence[tuple[type[fields.Field[Any]], Kind]]] = (
    (fields.DateTime, "instant"),
    (fields.Date, "date"),
    (fields.Integer, "whole"),
    (fields.Float, "amount"),
    (fields.Boolean, "tick"),
    (fields.List, "many"),
    (fields.Field, "text"),
)


def _choices(found: fields.Field[Any]) -> Sequence[Any]:
    given = (one.choices for one in found.validators if isinstance(one, validate.OneOf))
    return list(next(given, ()))


def _longest(found: fields.Field[Any]) -> int | None:
    if not isinstance(found, fields.String):
        return None
    return next((one.max for one in found.validators if isinstance(one, validate.Length)), None)


def words(code: str) -> str:
    """A choice as a person reads it."""
    shown = product(code)
    return f"{shown[:1].upper()}{shown[1:]}"


@dataclass(frozen=True, slots=True)
class TypedFields:
    """What stands in the fields: text by name, and the values of those that have many."""

    one: Mapping[str, str] = field(default_factory=dict)
    many: Mapping[str, Sequence[str]] = field(default_factory=dict)


def typed_in(asked: Iterable[Field], sent: MultiDict[str, str]) -> TypedFields:
    """What was sent; browsers count a line's end as one letter and send two."""
    one, many = {}, {}
    for each in asked:
        if each.kind == "many":
            many[each.name] = sent.getlist(each.name)
        else:
            one[each.name] = sent.get(each.name, "").replace("\r\n", "\n").strip()
    return TypedFields(one, many)


def stored_in(asked: Iterable[Field], record: Mapping[str, Any], zone: tzinfo) -> TypedFields:
    """A record as it stands in the fields."""
    one, many = {}, {}
    for each in asked:
        value = _at(record, each.name)
        if each.kind == "many":
            # What cannot be ticked is not taken away by somebody who ticks something else.
            offered = dict(each.options)
            many[each.name] = [str(item) for item in value or () if str(item) in offered]
        else:
            one[each.name] = _shown(value, each.kind, zone)
    return TypedFields(one, many)


def document(asked: Iterable[Field], typed: TypedFields, zone: tzinfo) -> dict[str, Any]:
    """What was typed as the body of a request; what is empty is left out."""
    return _nested(
        (each.name, value)
        for each in asked
        if (value := _value(each, typed, zone)) not in LEFT_OUT or (value == [] and each.required)
    )


def changes(
    asked: Iterable[Field], typed: TypedFields, before: TypedFields, zone: tzinfo
) -> dict[str, Any]:
    """What differs from before, as the body of a PATCH: what was emptied is null. What is nested
    goes as a whole.
    """
    listed = list(asked)
    differs = {
        each.name.partition(".")[0]
        for each in listed
        if typed.one.get(each.name) != before.one.get(each.name)
        or sorted(typed.many.get(each.name, ())) != sorted(before.many.get(each.name, ()))
    }
    sent: dict[str, Any] = {}
    for top in differs:
        mine = [each for each in listed if each.name.partition(".")[0] == top]
        sent[top] = document(mine, typed, zone).get(top)
    return sent


def under_their_fields(
    asked: Iterable[Field], errors: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The words of a refusal by field; those of an item of a list, or of a whole, at the field."""
    names = [each.name for each in asked]
    found: dict[str, list[str]] = {}
    for path, sentences in errors.items():
        place = next(
            (name for name in names if path == name or path.startswith(f"{name}.")),
            next((name for name in names if name.startswith(f"{path}.")), path),
        )
        found.setdefault(place, []).extend(sentences)
    return found


def _value(each: Field, typed: TypedFields, zone: tzinfo) -> Any:
    if each.kind == "many":
        return list(typed.many.get(each.name, ()))
    return _READ.get(each.kind, _as_text)(typed.one.get(each.name, ""), zone)


def _as_text(text: str, _zone: tzinfo) -> Any:
    return text


def _whole(text: str, _zone: tzinfo) -> Any:
    """What is no number goes on as it is, and is refused by the schema."""
    return _number(int, text)


def _amount(text: str, _zone: tzinfo) -> Any:
    return _number(float, text)


def _number(kind: Callable[[str], Any], text: str) -> Any:
    # To Python `0_5` is five: a dose ten times what somebody meant by it.
    with suppress(ValueError):
        return text if "_" in text else kind(text)
    return text


def _answer(text: str, zone: tzinfo) -> Any:
    """An option's number; that somebody declined is a word; nothing is left out."""
    return text if text == DECLINED else _whole(text, zone)


def _lines(text: str, _zone: tzinfo) -> Any:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _tick(text: str, _zone: tzinfo) -> Any:
    return bool(text)


_READ: Final[Mapping[str, Callable[[str, tzinfo], Any]]] = {
    "whole": _whole,
    "amount": _amount,
    "tick": _tick,
    "answer": _answer,
    "lines": _lines,
    "instant": instant_text,
}


def _shown(value: Any, kind: str, zone: tzinfo) -> str:
    if value is None or value is False:
        return ""
    if kind == "instant":
        return local_text(value, zone)
    if kind == "lines":
        return "\n".join(value)
    if kind == "amount":
        # Every digit that was stored: what is shown in fewer comes back as another number.
        return f"{float(value):.15g}"
    return "1" if value is True else str(value)


def _at(record: Mapping[str, Any], name: str) -> Any:
    found: Any = record
    for part in name.split("."):
        found = None if found is None else found.get(part)
    return found


def _nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        *above, last = name.split(".")
        at = made
        for part in above:
            at = at.setdefault(part, {})
        at[last] = value
    return made
