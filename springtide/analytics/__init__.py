"""Pure rooms: tables in, tables or frozen results out. Never Django, never a clock."""
