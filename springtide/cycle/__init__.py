"""The cycle: the daily close and what it carries between rooms that do not know each other."""
