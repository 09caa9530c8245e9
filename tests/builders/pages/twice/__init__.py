"""Each form of the console, as somebody fills it in, and what a colleague does meanwhile."""
