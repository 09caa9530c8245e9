"""How long a module, a function and a folder may be."""

from __future__ import annotations

from collections import Counter

from tests.house.tree import EVERYTHING, PRODUCT, functions, lines, modules, name

MODULE_LINES, FUNCTION_LINES, FOLDER_MODULES = 400, 50, 15


def test_there_is_code_to_check():
    for folder in EVERYTHING:
        assert modules(folder), folder


def test_modules_stay_short():
    """Released migrations are as long as what they make."""
    long = {
        name(path): len(lines(path)) for path in modules(*PRODUCT, "tools", "benchmarks", "tests")
    }
    assert {path: count for path, count in long.items() if count > MODULE_LINES} == {}


def test_functions_stay_short():
    long = [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in modules(*PRODUCT, "tools", "tests")
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_folders_stay_small():
    """A folder that answers more than one question is two folders; migrations only grow."""
    folders = Counter(
        name(path.parent)
        for path in modules(*PRODUCT, "tools", "benchmarks", "tests")
        if path.name != "__init__.py"
    )
    assert {folder: count for folder, count in folders.items() if count > FOLDER_MODULES} == {}
