"""What a bodily emergency is answered with: call now, and never that anybody is safe."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.rules.cards.crisis import ClinicFacts, RequestOutcome, card
from services.rules.cards.medical import MedicalAdvice, medical_advice, medical_card
from services.rules.decision import Decision, RuleId, Tier
from services.rules.escalation.staffing import Staffing

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
STAFFING = Staffing(ZoneInfo("Europe/Paris"))


def clinic(country: str = "FR", phone: str | None = "+33 1 23 45 67 89") -> ClinicFacts:
    return ClinicFacts(country, STAFFING, phone)


def decided(rule: RuleId, severity: Tier | None, repeat_wanted: bool = False) -> Decision:
    fired = severity is not None
    return Decision(rule, "1", fired, fired, severity, {"repeat_wanted": repeat_wanted})


@pytest.mark.parametrize(
    ("name", "decisions", "level"),
    [
        ("nothing decided", [], None),
        ("nothing fired", [decided("E1", None)], None),
        ("an emergency", [decided("E1", Tier.CRITICAL)], "crisis"),
        ("a crisis pressure with symptoms", [decided("E2", Tier.CRITICAL)], "crisis"),
        ("the same measured twice", [decided("E2", Tier.HIGH)], "support"),
        ("measured once", [decided("E2", None, repeat_wanted=True)], "support"),
        ("still there after a day", [decided("E5", Tier.HIGH)], "support"),
        ("blood in the urine", [decided("U1", Tier.HIGH)], "support"),
        ("urgency", [decided("U1", Tier.MEDIUM)], None),
        ("severe depression is not of the body", [decided("M1", Tier.HIGH)], None),
        ("neither is mania", [decided("B1", Tier.HIGH)], None),
    ],
)
def test_who_is_advised_to_call(name: str, decisions: list[Decision], level: str | None) -> None:
    advice = medical_advice(decisions)
    assert (advice.level if advice else None) == level, name


def an_emergency() -> MedicalAdvice:
    advice = medical_advice([decided("E1", Tier.CRITICAL)])
    assert advice is not None
    return advice


def test_an_emergency_names_the_number_of_the_country_and_the_clinic() -> None:
    made = medical_card(an_emergency(), clinic(), NOW, RequestOutcome(paged=True))
    assert made["level"] == "crisis"
    assert "112" in str(made["message"])
    assert "safe" not in str(made["message"]).lower()
    names = [(one["name"], one.get("phone")) for one in made["resources"]]  # type: ignore[attr-defined]  # a list of cards
    assert names[-1] == ("Your clinic", "+33 1 23 45 67 89")
    assert names[0][1] is not None


def test_without_a_phone_and_a_known_country_it_still_says_what_to_do() -> None:
    made = medical_card(an_emergency(), clinic("XX", None), NOW, RequestOutcome())
    assert "emergency" in str(made["message"]).lower()
    assert len(made["resources"]) == 1  # type: ignore[arg-type]  # a list of cards


@pytest.mark.parametrize(
    ("own", "other", "level"),
    [
        ("crisis", "support", "crisis"),
        ("support", "crisis", "crisis"),
        ("support", "support", "support"),
    ],
)
def test_beside_a_crisis_card_both_are_shown_at_the_worst_level(own, other, level) -> None:
    crisis = card(other, clinic(), NOW, RequestOutcome())
    made = medical_card(
        MedicalAdvice(own, lambda _: "Call {number}."), clinic(), NOW, RequestOutcome(), crisis
    )
    assert made["level"] == level
    assert str(made["message"]).startswith("Call ")
    assert str(made["message"]).endswith(str(crisis["message"]))
    assert made["resources"] == crisis["resources"]
