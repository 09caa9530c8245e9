"""Whoever is paged or written to: rotas and letters."""
