"""Histories with known figures, for trends and their pictures."""
