"""Who tries how often: guesses are delayed and never shut anybody out; a known device is let in."""
