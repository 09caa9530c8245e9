"""Pictures of what the service shows in a browser."""
