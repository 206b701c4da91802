"""Rewards: what is offered, the budgets that pay for it, the ledger that says where each amount stands, and the payouts."""
