"""What every schema shares: strictness, instants with an offset, what null means."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any, TypeVar

from marshmallow import RAISE, Schema, ValidationError, fields, missing, pre_load, validate

from schemas.instants import read_instant

S = TypeVar("S", bound=Schema)

NOTE_LIMIT = 10_000
NOT_AN_INSTANT = "Not an RFC 3339 instant with an offset, such as 2026-11-21T22:15:00-05:00."
NAME_LIMIT = 200
# Persian and Indic names are written with them.
JOINERS = frozenset("\u200c\u200d")


class Request(Schema):
    """A request: unknown fields are an error."""

    class Meta:
        """marshmallow's options."""

        unknown = RAISE


class Patch(Request):
    """A change by JSON Merge Patch: what is left out stays, null empties a field that can be empty
    (`allow_none`) and is an error in any other.
    """


class Strict(Request):
    """A request in which null in an optional field is the same as left out."""

    @pre_load
    def null_is_left_out(self, data: Any, **_kwargs: Any) -> Any:
        """Drop nulls of optional fields, so that they take their default."""
        if not isinstance(data, Mapping):
            return data
        return {
            name: value
            for name, value in data.items()
            if value is not None or name not in self.fields or self.fields[name].required
        }


class OneOfKinds(fields.Raw):
    """One of several schemas; `by`: the field by whose value they are told apart, where one is
    enough. It takes anything: whoever takes it reads it with the schema of its kind.
    """

    def __init__(self, *kinds: type[Schema], by: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kinds, self.by = kinds, by


class Instant(fields.AwareDateTime):
    """An RFC 3339 instant with an offset, which is kept; shown in UTC with Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime:
        try:
            return read_instant(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(NOT_AN_INSTANT) from error

    def _serialize(self, value: datetime | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


# Whose words there are (`services/rules/data/texts`).
LANGUAGES = ("en", "de", "es", "fr", "nl")
# Of an instrument: which way is better.
DIRECTIONS = ("lower_is_better", "higher_is_better")


def one_of(values: tuple[str, ...], **kwargs: Any) -> fields.String:
    """A word of a list."""
    return fields.String(validate=validate.OneOf(values), **kwargs)


def language(**kwargs: Any) -> fields.String:
    """The code of a language that we have the words of (ISO 639-1)."""
    return one_of(LANGUAGES, **kwargs)


def whole(least: int, most: int, **kwargs: Any) -> fields.Integer:
    """A whole number within plausible limits."""
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **kwargs)


def text(limit: int, *, required: bool = False, least: int = 0, **kwargs: Any) -> fields.String:
    """Text of `least` to `limit` characters, without NUL (PostgreSQL cannot store it)."""
    return fields.String(required=required, validate=_checks(least, limit), **kwargs)


class OwnWords(fields.String):
    """A patient's own text. NUL, which PostgreSQL cannot store, reads as U+FFFD: no answer is lost
    for a sign that nobody typed.
    """

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return str(super()._deserialize(value, *args, **kwargs)).replace("\x00", "\ufffd")


def own_words(*, required: bool = False, least: int = 0) -> OwnWords:
    """Text of a patient's own of up to `NOTE_LIMIT` characters."""
    return OwnWords(required=required, validate=_checks(least, NOTE_LIMIT))


def name(*, required: bool = False) -> fields.String:
    """A name that can be seen: one line, no control or direction characters, not only blanks."""
    return fields.String(required=required, validate=[*_checks(1, NAME_LIMIT), _can_be_seen])


def _can_be_seen(value: str) -> None:
    kinds = {letter: unicodedata.category(letter) for letter in value if letter not in JOINERS}
    if any(kind in ("Cc", "Cf", "Zl", "Zp") for kind in kinds.values()):
        raise ValidationError("Must not contain control or invisible characters.")
    if all(kind.startswith("Z") for kind in kinds.values()):
        raise ValidationError("Must not be blank.")


def _checks(least: int, limit: int) -> list[Any]:
    return [
        validate.Length(min=least or None, max=limit),
        validate.ContainsNoneOf("\x00", error="Must not contain NUL."),
    ]


def page_of(items: type[Schema]) -> type[Schema]:
    """The envelope of a list: `{items, next_cursor}`."""
    page = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(items), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{items.__name__}Page",
    )
    page.__doc__ = "One page of a list."
    return page


class PageQuery(Strict):
    """Which part of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    # It holds what the list is in order of: the longest name, in any script.
    cursor = text(2_000, load_default=None)


def requires(*names: str) -> Callable[[type[S]], type[S]]:
    """Make inherited fields of a request required, as they are when a record is new."""

    def with_required(request: type[S]) -> type[S]:
        for name in names:
            field = copy(request._declared_fields[name])
            field.required, field.allow_none = True, False
            request._declared_fields[name] = field
        return request

    return with_required


def answers_to(request: type[Schema]) -> Callable[[type[S]], type[S]]:
    """Give an answer the fields of its request, beside its own: each is always there, and null
    where the request could leave it out.
    """

    def with_answers(answer: type[S]) -> type[S]:
        asked = {name: copy(field) for name, field in request._declared_fields.items()}
        for field in asked.values():
            field.required, field.allow_none = True, not field.required
            field.load_default = missing
        answer._declared_fields = asked | answer._declared_fields
        return answer

    return with_answers
