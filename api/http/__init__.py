"""What every request passes: bodies, tokens, errors, answers."""
