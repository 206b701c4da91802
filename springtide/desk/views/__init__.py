"""Views: each finds, calls one read or one action, and answers."""
