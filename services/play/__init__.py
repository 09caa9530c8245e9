"""Played forms: a clinic of made-up people, one for each form of a file, and what came of them."""
