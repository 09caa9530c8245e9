"""Reads instrument files strictly: what a clinician reviewed is exactly what is used."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from services.rules.instrument_checks import check_instrument
from services.rules.instrument_types import (
    AskedWhen,
    Band,
    Instrument,
    InstrumentError,
    Item,
    Option,
    Proration,
    TriageRule,
)
from services.rules.toml_table import Table

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
