"""Two answers that say the same: numbers to the last digits of a double, everything else exactly."""

from __future__ import annotations

import math
from typing import Any


def assert_tells(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every key of the reference is answered, with the same value."""
    for key, value in expected.items():
        assert is_same(told[key], value), f"{key} is {told[key]!r}, by hand it is {value!r}"


def is_same(here: Any, there: Any) -> bool:
    if isinstance(here, float) or isinstance(there, float):
        return here is not None and there is not None and math.isclose(here, there, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(here, dict) and isinstance(there, dict):
        return here.keys() == there.keys() and all(is_same(here[key], there[key]) for key in here)
    if isinstance(here, list) and isinstance(there, list):
        return len(here) == len(there) and all(map(is_same, here, there))
    return type(here) is type(there) and bool(here == there)
