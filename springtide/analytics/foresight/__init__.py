"""What is to be expected of a user: who is whom, and what speaks against a reward. Evidence is found after a close; gates judge by it."""
