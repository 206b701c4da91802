"""The command line: verbs of the trade over one home."""

from springtide.cli.main import main

__all__ = ["main"]
