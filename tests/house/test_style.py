"""One style over the whole tree, where the linter has no rule for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import EVERYTHING, PRODUCT, PROJECT, lines, modules, name, parsed, text

DOCUMENTED = (*PRODUCT, "tools", "benchmarks")
# Of a function that does something the first line says: do it.
THIRD_PERSON = re.compile(
    r"(Adds|Checks|Computes|Creates|Draws|Finds|Gets|Gives|Keeps|Makes|Prints|Reads|Remakes"
    r"|Removes|Returns|Sends|Sets|Shows|Stores|Waits|Wakes|Writes)\b"
)


def test_every_module_postpones_its_annotations():
    without = [
        name(path)
        for path in modules(*EVERYTHING)
        if path.name != "__init__.py" and "from __future__ import annotations\n" not in text(path)
    ]
    assert without == []


def test_dates_and_times_are_imported_by_name():
    whole = [
        name(path)
        for path in modules(*EVERYTHING)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Import) and any(each.name == "datetime" for each in node.names)
    ]
    assert whole == []


def public(path: Path) -> Iterator[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]]:
    """A module and what others may use of it."""
    if path.name != "__init__.py":
        yield name(path), parsed(path)
    for node in parsed(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{name(path)}:{node.name}", node


def test_everything_public_has_a_docstring_that_begins_with_a_whole_sentence():
    bare = [
        place
        for path in modules(*DOCUMENTED)
        for place, node in public(path)
        if not re.search(r"[.:?!]\W*$", (ast.get_docstring(node) or "").partition("\n\n")[0])
    ]
    assert bare == []


def test_functions_are_described_in_the_imperative_or_by_what_they_give():
    third_person = [
        f"{name(path)} {getattr(node, 'name', 'itself')}"
        for path in modules(*DOCUMENTED)
        for node in [parsed(path), *ast.walk(parsed(path))]
        if isinstance(node, ast.Module | ast.FunctionDef)
        and THIRD_PERSON.match(ast.get_docstring(node) or "")
    ]
    assert third_person == []


def comments(path: Path, marker: str) -> list[str]:
    return [line.partition(marker)[2] for line in lines(path) if marker in line]


def test_every_silenced_lint_names_its_rule_and_its_reason():
    """The marker is put together here, or this file would accuse itself."""
    marker = "# no" + "qa"
    bad = [
        f"{name(path)}: {marker}{comment}"
        for path in modules(*EVERYTHING)
        for comment in comments(path, marker)
        if not re.match(r": [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* --? \w", comment)
    ]
    assert bad == []


def test_every_silenced_type_error_names_its_rule_and_its_reason():
    marker = "# type: " + "ignore"
    bad = [
        f"{name(path)}: {marker}{comment}"
        for path in modules(*PRODUCT, "tools", "migrations")
        for comment in comments(path, marker)
        if not re.match(r"\[[a-z-]+(, ?[a-z-]+)*\] +# \w", comment)
    ]
    assert bad == []


def test_every_package_is_a_package():
    """Import contracts and coverage pass over a folder without `__init__.py`."""
    folders = {path.parent for path in modules(*DOCUMENTED)}
    assert sorted(name(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_every_requirement_is_pinned_to_one_version():
    for file in ("requirements.txt", "requirements-run.txt", "requirements-dev.txt"):
        wanted = [line.split("#")[0].strip(" \\\n") for line in lines(PROJECT / file)]
        loose = [line for line in wanted if line and not line.startswith(("-r", "--hash=sha256:"))]
        assert [
            line for line in loose if not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line)
        ] == []
