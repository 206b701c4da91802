"""The daybook: what a close derives from an exchange's facts, day by day."""
