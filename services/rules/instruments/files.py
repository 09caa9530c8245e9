"""Reads instrument files strictly, and checks what must hold before a single answer is scored.

What a clinician reviewed is exactly what is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from services.rules.instruments.definition import (
    AskedWhen,
    Band,
    Instrument,
    InstrumentError,
    Item,
    Option,
    Proration,
    TriageRule,
)
from services.rules.instruments.toml_table import Table

OptionList = tuple[str | None, tuple[Option, ...]]


def read_instruments(folder: Path) -> Mapping[str, Instrument]:
    """Every `*.toml` of `folder` by instrument code. Raises `InstrumentError`."""
    read = [read_instrument(path) for path in sorted(folder.glob("*.toml"))]
    if not read:
        raise InstrumentError(folder.name, "*.toml", "no instrument file found")
    return MappingProxyType({instrument.code: instrument for instrument in read})


def read_instrument(path: Path) -> Instrument:
    """One file, named `<code>.toml`. Raises `InstrumentError` naming the file and the field."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstrumentError(path.name, "file", f"is not TOML in UTF-8: {error}") from error
    root = Table(values, path.name)
    instrument = _instrument(root)
    root.finish()
    if instrument.code != path.stem:
        raise root.error("code", "must be the name of the file")
    check_instrument(instrument, path.name)
    return instrument


def _instrument(root: Table) -> Instrument:
    lists = _option_lists(root)
    return Instrument(
        code=root.text("code"),
        version=root.text("version"),
        title=root.text("title"),
        recall=root.text("recall"),
        prompt=root.text("prompt"),
        validated=root.flag("validated"),
        licence=root.text("licence"),
        source=root.text("source"),
        code_system=root.text("code_system"),
        loinc_panel=root.optional_text("loinc_panel"),
        loinc_total=root.optional_text("loinc_total"),
        item9_link_id=root.optional_text("item9_link_id"),
        clinic_texts=root.flag("clinic_texts", default=False),
        items=tuple(_item(table, lists) for table in root.tables("items")),
        bands=tuple(_band(table) for table in root.tables("bands")),
        triage=tuple(_triage_rule(table) for table in root.tables("triage")),
        proration=_proration(root.table("proration")),
    )


def _option_lists(root: Table) -> dict[str, OptionList]:
    lists: dict[str, OptionList] = {}
    for table in root.tables("option_lists"):
        name = table.text("name")
        if name in lists:
            raise table.error("name", "is used twice")
        options = tuple(_option(option) for option in table.tables("options"))
        lists[name] = table.optional_text("loinc"), options
        table.finish()
    return lists


def _option(table: Table) -> Option:
    option = Option(table.whole("value"), table.text("label"), table.optional_text("loinc"))
    table.finish()
    return option


def _item(table: Table, lists: Mapping[str, OptionList]) -> Item:
    name = table.text("options")
    if name not in lists:
        raise table.error("options", "names no option list")
    options_loinc, options = lists[name]
    item = Item(
        link_id=table.text("link_id"),
        text=table.text("text"),
        options=options,
        options_loinc=options_loinc,
        loinc=table.optional_text("loinc"),
        scored=table.flag("scored", default=True),
        asked_when=_asked_when(table.table("asked_when")),
    )
    table.finish()
    return item


def _asked_when(table: Table | None) -> AskedWhen | None:
    if table is None:
        return None
    branch = AskedWhen(
        table.texts("link_ids"), table.whole("at_least"), table.flag("if_unanswered")
    )
    table.finish()
    return branch


def _band(table: Table) -> Band:
    band = Band(table.text("name"), table.whole("low"), table.whole("high"), table.text("source"))
    table.finish()
    return band


def _triage_rule(table: Table) -> TriageRule:
    rule = TriageRule(table.text("level"), table.texts("any_yes"), table.text("source"))
    table.finish()
    return rule


def _proration(table: Table | None) -> Proration | None:
    if table is None:
        return None
    proration = Proration(table.whole("min_answered"), table.text("source"))
    table.finish()
    return proration


LOINC_SYSTEM = "http://loinc.org"
TRIAGE_LEVELS = ("high", "moderate", "low")
_LINK_ID = re.compile(r"q([1-9][0-9]?)([a-z]?)")

Problem = tuple[str, str]


def check_instrument(instrument: Instrument, file: str) -> None:
    """Raises `InstrumentError` with the first field of `file` that breaks a rule."""
    for check in (_items, _options, _branches, _bands, _triage, _check_proration, _item9, _codes):
        for field, problem in check(instrument):
            raise InstrumentError(file, field, problem)


def _items(instrument: Instrument) -> Iterator[Problem]:
    if not instrument.items:
        yield "items", "is missing"
    published = []
    for n, item in enumerate(instrument.items):
        matched = _LINK_ID.fullmatch(item.link_id)
        if matched is None:
            yield f"items[{n}].link_id", "must look like q1 or q6b"
        else:
            published.append((int(matched[1]), matched[2]))
    if len(set(published)) != len(published):
        yield "items", "a link id is used twice"
    numbers = [number for number, suffix in published if not suffix]
    if published != sorted(published) or numbers != list(range(1, len(numbers) + 1)):
        yield "items", "must stand in the published order q1, q2 ... without a gap"
    if not instrument.scored_items:
        yield "items", "none is scored"


def _options(instrument: Instrument) -> Iterator[Problem]:
    for n, item in enumerate(instrument.items):
        values = [option.value for option in item.options]
        if len(values) <= 1:
            yield f"items[{n}].options", "needs two options or more"
        elif values != list(range(values[0], values[0] + len(values))):
            yield f"items[{n}].options", "values must rise by one"
        elif len({option.label for option in item.options}) != len(values):
            yield f"items[{n}].options", "a label is used twice"


def _branches(instrument: Instrument) -> Iterator[Problem]:
    earlier: set[str] = set()
    for n, item in enumerate(instrument.items):
        field = f"items[{n}].asked_when"
        if item.asked_when is not None:
            if not earlier.issuperset(item.asked_when.link_ids):
                yield f"{field}.link_ids", "may name earlier items only"
            if item.scored and not instrument.triage:
                # A summed item that may be skipped would make "complete" ambiguous.
                yield field, "a summed item cannot branch"
        earlier.add(item.link_id)


def _bands(instrument: Instrument) -> Iterator[Problem]:
    if not instrument.bands:
        return
    lowest, highest = _range(instrument.scored_items)
    expected = lowest
    for n, band in enumerate(instrument.bands):
        if band.low != expected:
            yield f"bands[{n}].low", f"must be {expected}: bands leave no gap and do not overlap"
        if band.high < band.low:
            yield f"bands[{n}].high", "is below low"
        expected = band.high + 1
    if expected != highest + 1:
        yield "bands", f"must end at the highest total {highest}"
    if len({band.name for band in instrument.bands}) != len(instrument.bands):
        yield "bands", "a name is used twice"


def _range(items: Iterable[Item]) -> tuple[int, int]:
    found = list(items)
    return sum(item.lowest for item in found), sum(item.highest for item in found)


def _triage(instrument: Instrument) -> Iterator[Problem]:
    if not instrument.triage:
        return
    if tuple(rule.level for rule in instrument.triage) != TRIAGE_LEVELS:
        yield "triage", "levels must be high, moderate, low in this order"
    if instrument.bands:
        yield "bands", "triage is by rule and never by sum"
    named = [link_id for rule in instrument.triage for link_id in rule.any_yes]
    if sorted(named) != sorted(instrument.link_ids):
        yield "triage", "must name each item exactly once"
    if any((item.lowest, item.highest) != (0, 1) for item in instrument.items):
        yield "items", "triage items are answered 0 or 1"


def _check_proration(instrument: Instrument) -> Iterator[Problem]:
    if instrument.proration is not None:
        if instrument.triage:
            yield "proration", "triage is by rule and never by sum"
        if not 1 <= instrument.proration.min_answered <= len(instrument.scored_items):
            yield "proration.min_answered", "must be between 1 and the number of scored items"


def _item9(instrument: Instrument) -> Iterator[Problem]:
    scored = {item.link_id for item in instrument.scored_items}
    if instrument.item9_link_id is not None and instrument.item9_link_id not in scored:
        yield "item9_link_id", "names no scored item"


def _codes(instrument: Instrument) -> Iterator[Problem]:
    """LOINC names the published text and its recall window: an adaptation may not carry it."""
    codes = [instrument.loinc_panel, instrument.loinc_total]
    for item in instrument.items:
        codes += [item.loinc, item.options_loinc, *(option.loinc for option in item.options)]
    given = any(code is not None for code in codes)
    if given != (instrument.code_system == LOINC_SYSTEM):
        yield "code_system", f"must be {LOINC_SYSTEM} exactly when LOINC codes are given"
    item_codes = [item.loinc for item in instrument.items if item.loinc is not None]
    if len(set(item_codes)) != len(item_codes):
        yield "items", "a LOINC code is used twice"
