"""From marshmallow to JSON Schema, as exactly as the server takes and answers.

A request refuses unknown fields; an answer may gain some, so that its schema is open. Where null is
the same as left out, the schema says that null is taken. Patterns are written as JavaScript reads
them.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields, validate

from api.http.openapi.examples import example_of, fits
from schemas.base import OneOfKinds, Request, Strict
from schemas.vocabulary import Meaning, meaning, meaning_of_parameter

# What apispec does not let through from a field's metadata.
KEYWORDS: Final = ("const", "propertyNames")
# Python's words for the ends of a text, and JavaScript's.
ENDS: Final = ((r"\A", "^"), (r"\Z", "$"))


class Converter(OpenAPIConverter):
    """apispec's converter, and what it leaves out."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """Closed for a request, open for an answer; what it means is its docstring."""
        instance = resolve_schema_instance(schema)
        described: dict[str, Any] = super().schema2jsonschema(instance)
        described.pop("additionalProperties", None)
        if isinstance(instance, Request):
            described["additionalProperties"] = False
        if isinstance(instance, Strict):
            _take_null(instance, described["properties"])
        owners = [kind.__name__ for kind in type(instance).__mro__]
        for name, shape in described["properties"].items():
            _explain(shape, meaning(name, *owners))
        whole = meaning(type(instance).__name__)
        if whole.example is not None:
            described["examples"] = [whole.example]
        return {"description": cleandoc(type(instance).__doc__ or ""), **described}

    def _field2parameter(
        self, field: fields.Field[Any], *, name: str, location: str
    ) -> dict[str, Any]:
        """Nobody can write null into an address."""
        parameter: dict[str, Any] = super()._field2parameter(field, name=name, location=location)
        shape = parameter["schema"]
        if isinstance(shape.get("type"), list):
            (shape["type"],) = set(shape["type"]) - {"null"}
        if "enum" in shape:
            shape["enum"] = [value for value in shape["enum"] if value is not None]
        if shape.get("default", ...) is None:
            del shape["default"]
        return explained_parameter(parameter)

    def field2choices(self, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        """A field that takes one value is that constant."""
        for validator in field.validators:
            if isinstance(validator, validate.Equal):
                return {"const": validator.comparable}
        if isinstance(field, fields.Constant):
            return {"type": "string", "const": field.constant}
        found: dict[str, Any] = super().field2choices(field, **kwargs)
        return found

    def field2default(self, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        """The default of a request; a constant is no default."""
        if isinstance(field, fields.Constant):
            return {}
        found: dict[str, Any] = super().field2default(field, **kwargs)
        return found

    def field2pattern(self, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        """As JavaScript reads it; Python's `match` begins at the beginning."""
        found: dict[str, Any] = super().field2pattern(field, **kwargs)
        return {name: javascript(pattern) for name, pattern in found.items()}

    def metadata2properties(self, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        """All that a field says of itself."""
        found: dict[str, Any] = super().metadata2properties(field, **kwargs)
        return found | {name: field.metadata[name] for name in KEYWORDS if name in field.metadata}

    def dict2properties(self, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        """Which keys a mapping may have, where they are known."""
        found: dict[str, Any] = super().dict2properties(field, **kwargs)
        keys = getattr(field, "key_field", None)
        choices = {} if keys is None else self.field2choices(keys)
        return found | ({"propertyNames": choices} if choices else {})


def kinds2properties(
    converter: OpenAPIConverter, field: fields.Field[Any], **_kwargs: Any
) -> dict[str, Any]:
    """One of several schemas, told apart by a field that they share, or by all that they say."""
    if not isinstance(field, OneOfKinds):
        return {}
    shapes = {kind: converter.resolve_nested_schema(kind) for kind in field.kinds}
    if field.by is None:
        return {"anyOf": list(shapes.values())}
    mapping = {
        value: shape["$ref"]
        for kind, shape in shapes.items()
        for value in _values(kind._declared_fields[field.by])
    }
    discriminator = {"propertyName": field.by, "mapping": mapping}
    return {"oneOf": list(shapes.values()), "discriminator": discriminator}


class Plugin(MarshmallowPlugin):
    """apispec's plugin with our converter."""

    Converter = Converter

    def init_spec(self, spec: Any) -> None:
        """Called when the document is begun."""
        super().init_spec(spec)
        assert self.converter is not None  # noqa: S101 - made by the line before
        self.converter.add_attribute_function(kinds2properties)


def javascript(pattern: str) -> str:
    """A pattern of `re.match`, which holds from the beginning on, as JavaScript writes it."""
    for python, written in ENDS:
        pattern = pattern.replace(python, written)
    return pattern if pattern.startswith("^") else f"^{pattern}"


def explained_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """With words and an example."""
    found, shape = meaning_of_parameter(parameter["name"]), parameter["schema"]
    if found.words is not None:
        parameter.setdefault("description", found.words)
    example = found.example if fits(shape, found.example) else example_of(shape, {})
    parameter.setdefault("example", example)
    return parameter


def nullable(shape: dict[str, Any]) -> dict[str, Any]:
    """The same, or null."""
    if {"$ref", "oneOf", "const"} & set(shape):
        words: dict[str, Any] = {
            key: shape[key] for key in ("description", "default") if key in shape
        }
        rest = {key: value for key, value in shape.items() if key not in words}
        return {"anyOf": [rest, {"type": "null"}], **words}
    kinds = shape.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    changed = dict(shape)
    if kinds and "null" not in kinds:
        changed["type"] = [*kinds, "null"]
    if "enum" in changed and None not in changed["enum"]:
        changed["enum"] = [*changed["enum"], None]
    return changed


def _explain(shape: dict[str, Any], found: Meaning) -> None:
    """What a field says itself stands."""
    if found.words is not None:
        shape.setdefault("description", found.words)
    if "example" in shape:
        shape["examples"] = [shape.pop("example")]
    elif fits(shape, found.example):
        shape["examples"] = [found.example]


def _take_null(request: Schema, properties: dict[str, Any]) -> None:
    """What `Strict` leaves out when it is null."""
    for name, shape in properties.items():
        field = request.fields.get(name)
        if field is not None and not field.required:
            properties[name] = nullable(shape)


def _values(field: fields.Field[Any]) -> list[str]:
    return [
        value
        for validator in field.validators
        for value in getattr(validator, "choices", [getattr(validator, "comparable", None)])
        if isinstance(value, str)
    ]
