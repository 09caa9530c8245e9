"""Is it getting worse? Rules M1-M5, A1, B1 and U1, and when they may speak again."""
