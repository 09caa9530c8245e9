"""The database fails over, again and again, while patients answer: nothing acknowledged is lost."""
