"""Read files of clinical numbers into frozen dataclasses: whole, or not at all.

The dataclass of a file stands beside the rule that uses it; its fields say what the file must hold.
A number is written `{ value, unit, source, basis }`, or bare inside a table with a `source` and a
`basis` of its own (a band, a row of a list, a whole questionnaire). `basis` says what a value rests
on: `published` in the source named, `proposed` by this project, or `from memory` and still to be
verified. Numbers are above zero unless their field says `Between`. Checks across fields are the
dataclass's `__post_init__`, which raises `NumbersError` with the path inside its own table.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

DATA: Final = Path(__file__).parent / "data"

Basis = Literal["published", "proposed", "from memory"]
BASES: Final[tuple[str, ...]] = get_args(Basis)

_SOURCED: Final = frozenset({"value", "unit", "source", "basis"})
_SPANS: Final = frozenset({"days", "hours", "minutes", "seconds"})
_PLAIN: Final[Mapping[Any, tuple[tuple[type, ...], str]]] = {
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    timedelta: ((int,), "a whole number"),
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
    date: ((date,), "a day"),
    datetime: ((datetime,), "an instant with an offset"),
}


class NumbersError(ValueError):
    """A file of numbers that must not be used: which file, where in it, and what is wrong."""

    def __init__(self, problem: str, path: str = "", file: str = "") -> None:
        super().__init__(": ".join(part for part in (file, path, problem) if part))
        self.problem, self.path, self.file = problem, path, file


class Versioned(Protocol):
    """What a file that is kept in versions holds."""

    @property
    def version(self) -> str: ...

    @property
    def in_force_from(self) -> datetime: ...


T = TypeVar("T")
V = TypeVar("V", bound=Versioned)


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a number, both ends included: `Annotated[int, Between(0, 23)]`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Versions(Generic[V]):
    """All versions of one file, in the order in which they come into force.

    As the mark of a field (`Annotated[Measures, MEASURES]`) it lets one file name the version of
    another that it rests on, and the field holds that very object.
    """

    kind: type[V]
    folder: str
    known: tuple[V, ...]

    @property
    def newest(self) -> V:
        """What everything but a report of the past is computed with."""
        return self.known[-1]

    def at(self, instant: datetime) -> V:
        """Return the version in force at an instant (aware); before the first one, the first."""
        begun = [one for one in self.known if one.in_force_from <= instant]
        return begun[-1] if begun else self.known[0]


def read(path: Path, wanted: type[T], root: Path | None = None) -> T:
    """Return the numbers of one file. Raises `NumbersError`.

    With a `root`, the versions it names are those of the folders there, not those in force.
    """
    return build(load(path), wanted, path.name, root)


def load(path: Path) -> dict[str, Any]:
    """Return the bare content of one file. Raises `NumbersError` when it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NumbersError(f"is not TOML in UTF-8: {error}", file=path.name) from error


def build(content: Mapping[str, object], wanted: type[T], file: str, root: Path | None = None) -> T:
    """Return the content of a file as its dataclass. Raises `NumbersError`."""
    found: T = _table(wanted, content, _Place(file, root))
    return found


def read_versions(folder: Path, wanted: type[V], root: Path | None = None) -> Versions[V]:
    """Return every version of `folder` (one TOML file each).

    Raises `NumbersError` for a file with a fault, for two files with one version or one instant,
    and for a folder without any.
    """
    found = [read(path, wanted, root) for path in sorted(folder.glob("*.toml"))]
    versions = {one.version for one in found}
    instants = {one.in_force_from for one in found}
    if not found or len(versions) < len(found) or len(instants) < len(found):
        problem = "needs versions that differ, each from its own instant"
        raise NumbersError(problem, file=folder.name)
    in_order = sorted(found, key=lambda one: one.in_force_from)
    return Versions(wanted, folder.name, tuple(in_order))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a file we are, whether a source was named on the way here, and the unit."""

    file: str
    root: Path | None = None
    path: str = ""
    is_sourced: bool = False
    unit: str = ""

    def key(self, name: str) -> _Place:
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def row(self, index: int) -> _Place:
        return replace(self, path=f"{self.path}[{index}]")

    def error(self, problem: str) -> NumbersError:
        return NumbersError(problem, self.path, self.file)


def _table(wanted: Any, raw: object, place: _Place) -> Any:
    """A table as the dataclass `wanted`: each key a field, each field a key or its default."""
    if not isinstance(raw, Mapping):
        raise place.error("must be a table")
    inside = _with_source(raw, place)
    kinds = _kinds(wanted)
    known = {field.name: field for field in fields(wanted) if field.init}
    for name in raw:
        if name not in known and name not in ("source", "basis"):
            raise place.key(name).error("is not a known key")
    found = {}
    for name, field in known.items():
        if name in raw:
            found[name] = _value(kinds[name], raw[name], inside.key(name))
        elif field.default is MISSING and field.default_factory is MISSING:
            if NoneType not in get_args(kinds[name]):
                raise place.key(name).error("is missing")
            found[name] = None
    try:
        return wanted(**found)
    except NumbersError as error:
        raise (place.key(error.path) if error.path else place).error(error.problem) from error


@cache
def _kinds(wanted: type[Any]) -> dict[str, Any]:
    """The type of each field: a list has many rows of one kind."""
    return get_type_hints(wanted, include_extras=True)


def _with_source(raw: Mapping[str, object], place: _Place) -> _Place:
    """The place inside a table or a value, which has both a source and a basis or neither."""
    if not raw.keys() & {"source", "basis"}:
        return place
    for name in ("source", "basis"):
        if name not in raw:
            raise place.key(name).error("is missing")
        _value(str, raw[name], place.key(name))
    if raw["basis"] not in BASES:
        raise place.key("basis").error(f"must be one of {', '.join(BASES)}")
    return replace(place, is_sourced=True)


def _value(kind: Any, raw: Any, place: _Place) -> Any:
    """Whatever stands under one key, as `kind`, which may be `Annotated` or optional."""
    mark = None
    if get_origin(kind) is Annotated:
        kind, mark = get_args(kind)
    if isinstance(mark, Versions):
        return _version(mark, raw, place)
    if NoneType in get_args(kind):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if isinstance(kind, type) and is_dataclass(kind):
        return _table(kind, raw, place)
    if isinstance(raw, Mapping) and "value" in raw:
        raw, place = _sourced(raw, place)
    if get_origin(kind) in (tuple, frozenset):
        return _list(get_origin(kind), get_args(kind)[0], raw, place)
    if get_origin(kind) is Mapping:
        return MappingProxyType(_mapping(get_args(kind), raw, place))
    if kind in _PLAIN:
        return _plain(kind, raw, place, mark)
    return _word(kind, raw, place)


def _sourced(raw: Mapping[str, object], place: _Place) -> tuple[object, _Place]:
    for name in sorted(raw.keys() ^ _SOURCED):
        raise place.key(name).error("is not a known key" if name in raw else "is missing")
    unit = _value(str, raw["unit"], place.key("unit"))
    return raw["value"], replace(_with_source(raw, place), unit=unit)


def _version(marked: Versions[Any], raw: object, place: _Place) -> Any:
    known = marked
    if place.root is not None:
        known = read_versions(place.root / marked.folder, marked.kind, place.root)
    for one in known.known:
        if one.version == raw:
            return one
    raise place.error(f"must name a version of {marked.folder}")


def _list(collected: Any, kind: Any, raw: object, place: _Place) -> Any:
    """A list that is there is not empty: a default stands for one that is left out."""
    _must_be_sourced(kind, place)
    if not isinstance(raw, list) or not raw:
        raise place.error("must be a list that is not empty")
    found = [_value(kind, one, place.row(index)) for index, one in enumerate(raw)]
    if collected is frozenset and len(set(found)) < len(found):
        raise place.error("has one value twice")
    return collected(found)


def _mapping(kinds: tuple[Any, ...], raw: object, place: _Place) -> dict[Any, Any]:
    """A table, or an array of tables whose first field is the key, each once."""
    key, kind = kinds
    _must_be_sourced(kind, place)
    if isinstance(raw, list) and is_dataclass(kind):
        rows = _list(tuple, kind, raw, place)
        name = fields(kind)[0].name
        found = {getattr(row, name): row for row in rows}
        if len(found) < len(rows):
            raise place.error(f"has one {name} twice")
        return found
    if not isinstance(raw, Mapping) or not raw:
        raise place.error("must be a table that is not empty")
    return {
        _value(key, name, replace(place, is_sourced=True)): _value(kind, one, place.key(name))
        for name, one in raw.items()
    }


def _must_be_sourced(kind: Any, place: _Place) -> None:
    if not (place.is_sourced or is_dataclass(kind)):
        raise place.error("needs a value, a unit, a source and a basis")


def _word(kind: Any, raw: object, place: _Place) -> Any:
    """One of the words of a `Literal`, or a member of an `Enum` by its name in lower case."""
    words = {word: word for word in get_args(kind)} or {one.name.lower(): one for one in kind}
    if not isinstance(raw, str) or raw not in words:
        raise place.error(f"must be one of {', '.join(words)}")
    return words[raw]


def _plain(kind: Any, raw: Any, place: _Place, limits: Between | None = None) -> Any:
    allowed, words = _PLAIN[kind]
    # By exact type: a limit of `true` must not pass for 1, nor an instant for a day.
    if type(raw) not in allowed or (kind is datetime and raw.utcoffset() is None):
        raise place.error(f"must be {words}")
    if kind is str and not raw.strip():
        raise place.error("is blank")
    if kind in (int, float, timedelta):
        _must_be_sourced(kind, place)
        _check_range(raw, place, limits)
    return _span(raw, place) if kind is timedelta else raw


def _check_range(number: float, place: _Place, limits: Between | None) -> None:
    if limits is None and not 0 < number < math.inf:
        raise place.error("must be above zero")
    if limits is not None and not limits.low <= number <= limits.high:
        raise place.error(f"must be {limits.low} to {limits.high}")


def _span(number: int, place: _Place) -> timedelta:
    word = place.unit.split()[0].rstrip(",") if place.unit else ""
    if word not in _SPANS:
        raise place.error(f"needs a unit that begins with one of {', '.join(sorted(_SPANS))}")
    return timedelta(**{word: number})
