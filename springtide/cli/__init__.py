"""The command line: verbs of the trade over one home."""
