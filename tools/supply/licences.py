"""Licences of what is installed, and those that we accept."""

from __future__ import annotations

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, distribution
from typing import Final

from tools.supply.pins import Pin, key_of

# SPDX names, and those that older packages use. LGPL: as a library that anybody may replace, which
# an installed package is; no licence that asks for the source of what uses it.
ALLOWED: Final = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC"),
        *("LGPL-3.0-only", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0", "Zlib"),
        "LicenseRef-BSD",
    }
)
# What the older fields of a package's metadata say, in SPDX's words.
OLDER: Final = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "LicenseRef-BSD",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}
# Read by a person in the package's own files, where its metadata say nothing that can be read.
READ: Final = {
    "axe-playwright-python": "MIT AND MPL-2.0",  # with axe-core itself
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "resvg-py": "MIT",
}


def licence_of(pin: Pin) -> str:
    """The licence as an SPDX expression, from the installed package; empty when it says none."""
    if pin.key in READ:
        return READ[pin.key]
    metadata = distribution(pin.name).metadata
    classifiers = metadata.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License")]
    older = [OLDER[name] for name in named if name in OLDER]
    field, expression = (_one(metadata, name) for name in ("License", "License-Expression"))
    found = [expression, *older, OLDER.get(field, field)]
    return next((each for each in found if each and _is_allowed(each)), found[0] or field[:60])


def _one(metadata: PackageMetadata, name: str) -> str:
    return next(iter(metadata.get_all(name) or ()), "")


def faults_of(pin: Pin) -> list[str]:
    """What is wrong with the licence, in words."""
    try:
        licence = licence_of(pin)
        version = distribution(pin.name).version
    except PackageNotFoundError:
        return [f"{pin.name} is not installed: make install"]
    faults = [] if version == pin.version else [f"{pin.name}: {version} is installed"]
    return faults if _is_allowed(licence) else [*faults, f"{pin.name}: licence {licence or '?'!r}"]


def _is_allowed(expression: str) -> bool:
    """Are all licences that an expression names accepted, whichever one may choose?"""
    names = [word for word in re.split(r"[\s()]+", expression) if word not in ("", "AND", "OR")]
    return bool(names) and ALLOWED.issuperset(names)


def unused_readings(pins: list[Pin]) -> set[str]:
    """Names in `READ` that no pin has any more."""
    return {key_of(name) for name in READ} - {pin.key for pin in pins}
