"""Browsers without scripts."""
