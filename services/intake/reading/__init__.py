"""Reading entries back: what is true now, the current version under any of its ids."""
