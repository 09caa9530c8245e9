"""The tables of `docs/scale.md`, put into the words of `template.md`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from tools.scale.figures import Figures, Measured
from tools.scale.limits import (
    DAYS,
    GB,
    LAYOUTS,
    LIMITS,
    Layout,
    Load,
    audited_at_most,
    bottlenecks,
    patients,
)
from tools.scale.words import about, table

TEMPLATE: Final = Path(__file__).parent / "template.md"
UNKNOWN: Final = "not measured yet"


def page(figures: Figures) -> str:
    """The whole page as Markdown."""
    load, machine = Load(figures), figures.machine
    words = {
        "holds": _holds(load),
        "machine": f"{machine['cores']} cores, {machine['disk_gb']:,} GB of disk,"
        f" {machine['price']:g} {machine['currency']}",
        "limits": _limits(load),
        "allowed": f"{figures.settings['whole_run_s']} s",
        "audited": about(audited_at_most(load)),
        "web_memory": _value(figures.measured["web_memory"]),
        "ten_million": _value(figures.measured["ten_million"]),
        "measured_on": figures.measured_on,
        "measured": _measured(figures),
        "assumed": _assumed(figures),
        "web_ms": about(load.cpu_s("web") * 1000),
        "database_ms": about(load.cpu_s("database") * 1000),
        "kilobytes": about(load.bytes_a_day / 1000),
        "settings": ", ".join(f"`{name}` {value:,}" for name, value in figures.settings.items()),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(words)


def _holds(load: Load) -> str:
    years = f"{load.figures.a('years'):g} years"
    heads = (
        "machines",
        "patients until the first limit",
        "check-ins a second, busiest minute",
        f"a database after {years}",
        "restored and verified after",
        "its log a day",
        "price a month",
        "for a patient",
    )
    return table(heads, (_row(load, layout) for layout in LAYOUTS))


def _row(load: Load, layout: Layout) -> list[str]:
    (_, most), *_ = bottlenecks(load, layout)
    each = most / layout.groups
    disk = each * load.bytes_a_day * DAYS * load.figures.a("years") / GB
    price = layout.all_machines * load.figures.machine["price"]
    return [
        layout.name,
        about(most),
        about(most * load.check_ins_a_second),
        f"{about(disk)} GB",
        _hours(load.figures.of("restore"), disk),
        f"{about(each * load.log_a_day / GB)} GB",
        f"{price:,}",
        about(price / most),
    ]


def _hours(seconds_a_gb: float | None, size_gb: float) -> str:
    return UNKNOWN if seconds_a_gb is None else f"{about(seconds_a_gb * size_gb / 3600)} h"


def _limits(load: Load) -> str:
    found = [(patients(load, one), bottlenecks(load, one)[0][0]) for one in LAYOUTS]
    return table(
        ("patients until", *(one.name for one in LAYOUTS), "then"),
        (
            (name, *(_count(counts, first, name) for counts, first in found), then)
            for name, (_, then) in LIMITS.items()
        ),
    )


def _count(counts: Mapping[str, float | None], first: str, name: str) -> str:
    count = counts[name]
    if count is None:
        return UNKNOWN
    return f"**{about(count)}**" if name == first else about(count)


def _measured(figures: Figures) -> str:
    return table(
        ("measured", "figure", "day", "how"),
        ((one.what, _value(one), _day(one), one.how) for one in figures.measured.values()),
    )


def _assumed(figures: Figures) -> str:
    return table(
        ("assumed", "figure", "because"),
        ((one.what, f"{one.value:g}", one.why) for one in figures.assumed.values()),
    )


def _value(one: Measured) -> str:
    return UNKNOWN if one.value is None else f"{one.value:,} {one.unit}"


def _day(one: Measured) -> str:
    return "" if one.date is None else one.date.isoformat()
