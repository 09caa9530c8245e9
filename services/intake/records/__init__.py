"""Reading entries back."""
