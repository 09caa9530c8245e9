"""Reading a drawing back: what an SVG holds, as plain values."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from tools.simulated_reports import report

__all__ = ["bare", "commands", "parsed", "paths", "report", "texts"]

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    """The picture as a tree; fails on what is no XML."""
    return ElementTree.fromstring(svg)  # noqa: S314 -- drawn by us


def texts(svg: str) -> list[str]:
    """Every line of text in it."""
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def paths(svg: str, **attributes: str) -> list[str]:
    """The data of the paths with these attributes (`stroke_width` is `stroke-width`)."""
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [
        str(element.get("d"))
        for element in parsed(svg).iter(f"{SVG}path")
        if all(element.get(name) == value for name, value in wanted.items())
    ]


def commands(data: str) -> list[tuple[str, tuple[float, ...]]]:
    """Path data as (letter, numbers)."""
    found = re.findall(r"([A-Za-z])([^A-Za-z]*)", data)
    return [
        (letter, tuple(float(number) for number in re.findall(r"-?[\d.]+", rest)))
        for letter, rest in found
    ]


def bare(series: list[tuple[str, float | None]], **fields: Any) -> dict[str, Any]:
    """A document with nothing but a series and what is named."""
    rows = [
        {"mood_day": day, "value": value, "q9_max": None, "entries": 1} for day, value in series
    ]
    return {"instrument": "phq9-daily", "timezone": "UTC", "series": rows, **fields}
