"""The questionnaires as a phone gets them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields, pre_dump

from schemas.base import DIRECTIONS, one_of, page_of


class OptionOut(Schema):
    """One permitted answer."""

    value = fields.Integer(required=True)
    label = fields.String(required=True)
    loinc = fields.String(metadata={"description": "LOINC answer code, where there is one"})


class AskedWhenOut(Schema):
    """Ask only when any of `link_ids` was answered with at least `at_least`; when none of
    them was and one has no number, `if_unanswered` decides.
    """

    link_ids = fields.List(fields.String(), required=True)
    at_least = fields.Integer(required=True)
    if_unanswered = fields.Boolean(required=True)


class ItemOut(Schema):
    """One question, in the published order."""

    link_id = fields.String(required=True)
    text = fields.String(required=True)
    options = fields.List(fields.Nested(OptionOut), required=True)
    scored = fields.Boolean(required=True)
    loinc = fields.String(metadata={"description": "LOINC code, where the text is LOINC's"})
    asked_when = fields.Nested(AskedWhenOut)


class BandOut(Schema):
    """A named range of totals, both ends included. C-SSRS levels have no range: a rule decides."""

    name = fields.String(required=True)
    low = fields.Integer(required=True, allow_none=True)
    high = fields.Integer(required=True, allow_none=True)


class InstrumentOut(Schema):
    """One version of a questionnaire, with the clinic's own wording where it has one."""

    code = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.String(required=True)
    recall_window = fields.String(required=True, attribute="recall")
    prompt = fields.String(required=True)
    validated = fields.Boolean(required=True)
    direction = one_of(DIRECTIONS, required=True)
    code_system = fields.String(required=True)
    loinc = fields.String(
        attribute="loinc_panel", metadata={"description": "LOINC panel code, where there is one"}
    )
    items = fields.List(fields.Nested(ItemOut), required=True)
    bands = fields.List(fields.Nested(BandOut), required=True)
    licence_note = fields.String(required=True, attribute="licence")
    source = fields.String(required=True)

    @pre_dump
    def plain(self, instrument: Any, **_kwargs: Any) -> dict[str, Any]:
        """As nested mappings; where a rule decides the level, the levels are the bands."""
        found = asdict(instrument)
        if found["triage"]:
            names = [rule["level"] for rule in found["triage"]]
            found["bands"] = [
                {"name": name, "low": None, "high": None}
                for name in ("none", *reversed(names), "unknown")
            ]
        known: dict[str, Any] = without_nothing(found)
        return known


def without_nothing(node: Any) -> Any:
    """Leave out what an instrument does not have, except the open ends of a band."""
    if isinstance(node, dict):
        return {
            key: without_nothing(value)
            for key, value in node.items()
            if value is not None or key in ("low", "high")
        }
    return [without_nothing(part) for part in node] if isinstance(node, list | tuple) else node


InstrumentPage = page_of(InstrumentOut)
