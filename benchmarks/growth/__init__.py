"""How the service does as its database grows."""
