"""The people who sign in to Springtide, what they may do, and the audit chain of what they did."""
