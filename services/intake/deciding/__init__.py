"""What an entry means: read, scored, and decided by the rules or the fallback."""
