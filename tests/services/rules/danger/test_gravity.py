"""What whoever is paged must read first."""

from __future__ import annotations

from services.rules.danger.gravity import gravity
from services.rules.decision import Tier

# The gravest first: tier, item 9, C-SSRS.
IN_ORDER = [
    (Tier.CRITICAL, None, "high"),
    (Tier.CRITICAL, 3, None),
    (Tier.CRITICAL, 2, None),
    (Tier.CRITICAL, None, None),  # a help request
    (Tier.HIGH, 3, None),  # lowered by a C-SSRS
    (Tier.HIGH, None, "moderate"),
    (Tier.HIGH, 1, None),
    (Tier.HIGH, None, "unknown"),
    (Tier.MEDIUM, 1, None),
    (Tier.MEDIUM, 0, "low"),
]


def test_the_tier_first_then_what_was_answered():
    assert sorted(IN_ORDER, key=lambda fact: gravity(*fact), reverse=True) == IN_ORDER
