"""Evidence: what a campaign caused and what it earned, by closed forms on each arm's sums."""
