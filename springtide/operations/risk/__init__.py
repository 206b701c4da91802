"""Who must not get this: gates with what was learnt since the last close, live flags, the queue of reviews and appeals."""
