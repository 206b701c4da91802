"""Work that outlives a request: a queue of leased jobs that loses nothing when a worker is killed."""
