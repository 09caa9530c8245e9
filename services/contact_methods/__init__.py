"""How a member of staff is reached: methods of their own, proved, tried, marked when they fail."""
