"""What a phone starts from."""
