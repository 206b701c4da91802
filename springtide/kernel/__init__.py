"""Days and windows, money, ids and keyed hashing, errors, the clock and settings: what every room may use."""
