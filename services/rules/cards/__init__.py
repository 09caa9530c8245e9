"""What an urgent answer is told: help now, and who will look at this and when."""
