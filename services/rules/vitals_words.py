"""What staff at a session are told when a rule finds something in vital signs."""

from types import MappingProxyType

FINDING_WORDS = MappingProxyType(
    {
        "E2": "Crisis pressure: with symptoms call the emergency number, without them measure again"
        " after a few minutes and call the physician.",
        "E3": "Pressure above 140/90 mmHg before dosing: clearance needs a written reason.",
        "E4": "Not ready to go home: look at the patient before discharge; sending her home needs a"
        " written reason.",
    }
)
