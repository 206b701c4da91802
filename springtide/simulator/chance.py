"""Random numbers by counter: every draw is a function of (seed, purpose, day, who) and of nothing else.

No stream is ever advanced, so what one user draws never depends on how many others there are, on the order in which they are
visited or on the number of threads. A campaign that touches some users leaves every other user's path as it was.

Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014, OOPSLA, 453-472), on a counter that starts at a keyed position.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32, _11 = (np.uint64(n) for n in (30, 27, 31, 32, 11))


def scramble(z: Bits) -> Bits:
    """SplitMix64's finaliser, in place: a bijection of 64 bits in which every input bit moves every output bit."""
    z ^= z >> _30
    z *= _FIRST
    z ^= z >> _27
    z *= _SECOND
    z ^= z >> _31
    return z


class Chance:
    """The draws of one seed. `who` is any array of whole numbers: users, assets, days, or packed pairs of them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def key(self, purpose: str, day: int = 0) -> np.uint64:
        digest = hashlib.blake2b(f"{self.seed}|{purpose}|{day}".encode(), digest_size=8).digest()
        return np.uint64(int.from_bytes(digest, "little"))

    def bits(self, purpose: str, who: NDArray[Any], day: int = 0) -> Bits:
        z = who.astype(np.uint64)
        z *= _STEP
        z += self.key(purpose, day)
        return scramble(z)

    def uniform(self, purpose: str, who: NDArray[Any], day: int = 0) -> Floats:
        """Between 0 and 1, neither included."""
        return as_uniform(self.bits(purpose, who, day))

    def normal(self, purpose: str, who: NDArray[Any], day: int = 0) -> Floats:
        return as_normal(self.bits(purpose, who, day))


def as_uniform(bits: Bits) -> Floats:
    return ((bits >> _11).astype(np.float64) + 0.5) * 2.0**-53


def as_pair(bits: Bits) -> tuple[Floats, Floats]:
    """Two independent uniforms out of one draw, 32 bits each."""
    high = ((bits >> _32).astype(np.float64) + 0.5) * 2.0**-32
    low = (bits.astype(np.uint32).astype(np.float64) + 0.5) * 2.0**-32
    return high, low


def as_normal(bits: Bits) -> Floats:
    radius, angle = as_pair(bits)
    return np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle)


def fan_out(bits: Bits, ordinal: NDArray[Any]) -> Bits:
    """One draw per repeated unit: `bits` of the unit (already repeated) and its 0-based ordinal within the unit."""
    z = ordinal.astype(np.uint64)
    z += np.uint64(1)
    z *= _STEP
    z += bits
    return scramble(z)


def lot(bits: Bits, slot: int) -> NDArray[np.uint16]:
    """The `slot`-th 16 bits (0 to 3) of a draw: four cheap independent small lots."""
    return (bits >> np.uint64(16 * slot)).astype(np.uint16)
