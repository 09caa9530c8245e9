"""What the guide promises of a machine that was set up by it."""
