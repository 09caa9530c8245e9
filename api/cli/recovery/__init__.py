"""Commands for a database that came back from a backup."""
