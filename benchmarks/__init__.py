"""Benchmarks: each speed as a ratio to hand-written SQL measured in the same run."""
