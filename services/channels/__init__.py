"""The outside world: send one message, report what came of it. Knows no tables."""
