"""What one, three and fifty machines hold, computed from what was measured."""
