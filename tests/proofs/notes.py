"""How well S7 finds danger in notes, by kind, on the sentences of the tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tests.proofs.seen import Seen, verdict
from tests.services.rules.danger.sentences import SENTENCES, Sentence, figures

SENSITIVITY: Final = 0.85
SPECIFICITY: Final = 0.8
AT_ONCE: Final = 0.95


def notes_by_kind() -> Iterator[Seen]:
    """Sensitivity and specificity, on the sentences by which terms were chosen and on the others;
    shown by kind; no negated danger missed.
    """
    for words, is_unseen in (("unseen", True), ("seen", False)):
        yield from _part(words, [one for one in SENTENCES if one.is_unseen == is_unseen])
    negated = [one for one in SENTENCES if one.is_negated]
    missed = [one.text for one in negated if one.tier is None]
    yield verdict("notes: negated danger is not missed", f"{len(negated)} sentences", "0", missed)


def _part(words: str, part: Sequence[Sentence]) -> Iterator[Seen]:
    found, size = figures(part), f"{len(part)} {words} sentences"
    seen = f"sensitivity {found.sensitivity:.0%}, specificity {found.specificity:.0%}"
    good = found.sensitivity >= SENSITIVITY and found.specificity >= SPECIFICITY
    yield Seen("notes: aim 85 % and 80 %", size, seen, good)
    urgent = figures(one for one in part if one.kind in ("act", "intent"))
    seen = f"found {urgent.sensitivity:.0%}, paged at once {urgent.at_once:.0%}"
    yield Seen("notes: act and intent, aim 95 %", size, seen, urgent.sensitivity >= AT_ONCE)
    kinds = sorted({one.kind for one in part if one.is_dangerous})
    shares = [(kind, figures(one for one in part if one.kind == kind)) for kind in kinds]
    by_kind = ", ".join(f"{kind} {one.found} of {one.dangerous}" for kind, one in shares)
    yield Seen("notes: found by kind (shown)", size, by_kind, None)
