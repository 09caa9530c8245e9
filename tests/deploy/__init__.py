"""What an operator copies, held against the code."""
