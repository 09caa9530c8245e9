"""The outside world: send one page, say what happened. Knows no tables."""
