"""A patient of whom everything is there, and all that the database holds as text."""
