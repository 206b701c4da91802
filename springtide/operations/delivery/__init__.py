"""What leaves the building: an outbox of messages, what each says, the ways on which they go, and what came of them."""
