"""The audit: its chain, how that is sealed and proved; what was refused; who may read it."""
