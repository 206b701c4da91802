"""Statements of the SQL console: who ran what and when, what came of it, and how many may run at once."""
