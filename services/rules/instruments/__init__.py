"""What is asked, which answers exist, and what they score."""
