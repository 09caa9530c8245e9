"""The wire of what a phone calls."""
