"""Springtide: user operations for trading exchanges, from the exchange's facts to every user's stratum and what to do about it."""
