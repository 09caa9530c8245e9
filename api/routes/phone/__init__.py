"""What a phone calls."""
