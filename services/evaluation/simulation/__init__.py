"""Simulated patients under treatment, whose truth is known. Nobody here is real."""
