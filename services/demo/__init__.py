"""The demo clinic, made through the same use cases as any other."""
