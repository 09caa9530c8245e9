"""An example of a schema, put together from those of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FORMATS: Final = {
    "uuid": "0197b0a0-0000-7000-8000-000000000000",
    "date-time": "2026-11-21T22:15:00Z",
    "date": "2026-11-21",
}
PLAIN: Final[dict[str, Any]] = {"boolean": True, "null": None, "object": {}}
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def example_of(shape: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that the schema allows; `schemas`: what references point to."""
    if "$ref" in shape:
        return example_of(schemas[shape["$ref"].rpartition("/")[2]], schemas)
    if "const" in shape:
        return shape["const"]
    if "examples" in shape:
        return shape["examples"][0]
    if "enum" in shape:
        return shape["enum"][0]
    for several in ("oneOf", "anyOf"):
        if several in shape:
            return example_of(shape[several][0], schemas)
    return _of_type(shape, schemas)


def fits(shape: Mapping[str, Any], example: Any) -> bool:
    """Is it of the schema's type? A name may be used with several."""
    kinds = shape.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    is_plain = "format" not in shape and "enum" not in shape and "const" not in shape
    allowed = tuple(kind for name in kinds for kind in TYPES.get(name, ()))
    return is_plain and isinstance(example, allowed) and not isinstance(example, bool)


def _of_type(shape: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    kinds = shape.get("type", "null")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        return {
            name: example_of(field, schemas) for name, field in shape.get("properties", {}).items()
        }
    if kind == "array":
        return [example_of(shape["items"], schemas)]
    if kind in ("integer", "number"):
        return shape.get("default", shape.get("minimum", 1))
    if kind == "string":
        return FORMATS.get(shape.get("format", ""), "text")
    return PLAIN[kind]
