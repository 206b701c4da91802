"""A made-up exchange with known truth: believable input tables to try everything on, and apart from them what is true."""

from springtide.simulator.simulation import Simulated, simulate

__all__ = ["Simulated", "simulate"]
