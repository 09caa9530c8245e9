"""Reaching people: their methods, and doubles of the providers between."""
