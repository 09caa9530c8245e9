"""Whoever is paged or written to."""
