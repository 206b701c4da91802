"""The sums of a read-out, from a table with one row a person, in one pass of the engine: ten million persons never reach Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.evidence.arms import Arm, total
from springtide.analytics.evidence.capping import GENTLE, cap_quantile
from springtide.kernel.money import MICRO

OUTCOMES: Final[Schema] = (
    Column("arm", "varchar", False, "the arm to which the person was assigned, reached or not"),
    Column("stratum", "varchar", True, "where the person stood when assigned"),
    Column("y_usdt", "bigint", False, "the outcome since assignment"),
    Column("x_usdt", "bigint", False, "the same before assignment"),
    Column("r_usdt", "bigint", False, "the reward paid"),
)
_RAW: Final = {"y": "raw", "yy": "raw_yy", "xy": "raw_xy", "yr": "raw_yr", "yyy": "raw_yyy", "xyy": "raw_xyy", "xxy": "raw_xxy"}
_COARSE: Final = {MICRO: 10_000}  # cubes of money are of cents


@dataclass(frozen=True)
class Sums:
    """Arms in USDT, capped and raw; by stratum those that are capped. `cap_usdt` is the pooled cap, null without persons."""

    cap_usdt: float | None
    quantile: float
    arms: Mapping[str, Arm]
    raw: Mapping[str, Arm]
    by_stratum: Mapping[str, Mapping[str, Arm]]  # arm → stratum → sums

    @property
    def removed_share(self) -> float:
        """The share of everybody's outcome that the cap took."""
        raw = total(self.raw.values()).y
        return 1 - total(self.arms.values()).y / raw if raw else 0.0


def arm_sums(engine: Engine, *, unit: int = MICRO) -> Sums:
    """The sums over the engine's table `outcomes` (see OUTCOMES), divided by `unit`: 1e6 where it holds money, 1 where it counts."""
    sizes = engine.rows("select arm, count(*) as persons from outcomes group by arm").values
    smaller_arm = min((persons for _arm, persons in sizes), default=0)
    quantile = cap_quantile(smaller_arm)
    cap = engine.rows(_text("outcome_cap"), is_gentle=quantile == GENTLE).scalar()
    capped: dict[str, dict[str, Arm]] = {}
    raw: dict[str, list[Arm]] = {}
    coarse = _COARSE.get(unit, 1)
    for row in engine.rows(_text("arm_sums"), cap_usdt=cap or 0, coarse=coarse).dicts():
        arm = row["arm"]
        capped.setdefault(arm, {})[row["stratum"] or ""] = _arm(row, unit, coarse)
        raw.setdefault(arm, []).append(_arm(row | {name: row[_RAW[name]] for name in _RAW}, unit, coarse))
    return Sums(
        cap_usdt=None if cap is None else cap / unit,
        quantile=quantile,
        arms={arm: total(strata.values()) for arm, strata in capped.items()},
        raw={arm: total(strata) for arm, strata in raw.items()},
        by_stratum=capped,
    )


def _arm(row: Mapping[str, Any], unit: int, coarse: int) -> Arm:
    """Sums of whole numbers are exact until here, and so is a quotient of two of them."""
    units = {1: ("y", "x", "r"), 2: ("yy", "xx", "xy", "rr", "yr")}
    told = {name: int(row[name] or 0) / unit**power for power, names in units.items() for name in names}
    cubes = {name: int(row[name] or 0) * coarse**3 / unit**3 for name in ("yyy", "xyy", "xxy", "xxx")}
    return Arm(row["n"], **told, **cubes)


def _text(name: str) -> str:
    return definition("springtide.analytics.evidence", name).text
