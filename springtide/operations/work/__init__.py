"""Work with users: who is looked after by whom, what was said to them, and what the team noted."""
