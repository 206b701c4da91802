"""A small exchange whose evidence is found, and whose users are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.daybook.close import close
from springtide.analytics.engine import DuckEngine
from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.evidence import EvidenceSpec, find_evidence
from springtide.analytics.foresight.gates import Gate, shipped_gates
from springtide.analytics.foresight.judging import Policy, answers, judge, together
from springtide.analytics.foresight.matrix import Matrix, shipped_matrix
from springtide.analytics.foresight.tables import RISK_DAYS, RISK_EVIDENCE
from springtide.analytics.lake import Lake
from tests.exchange import LONG_AFTER, Exchange, close_spec

TODAY = date(2026, 3, 31)
GIVEN = (
    "users", "restrictions", "links", "referrals", "spot_trades", "contract_trades", "transfers", "reward_entries",
)  # fmt: skip


@dataclass
class Judged(Exchange):
    """Adds to an exchange what is found after a close, and what the gates say."""

    def finds(self, through: date = TODAY, spec: EvidenceSpec | None = None) -> bool:
        """Close through a day and find the evidence."""
        self.states(*GIVEN)
        # Of the days before the last nobody asks for profiles, so they are caught up with by the week.
        close(self.lake, self.engine, replace(close_spec(self.zone), snapshot_days=1), through=through, now=LONG_AFTER)
        return self.finds_again(spec)

    def finds_again(self, spec: EvidenceSpec | None = None) -> bool:
        return find_evidence(self.lake, self.engine, zone=ZoneInfo(self.zone), now=LONG_AFTER, spec=spec)

    def evidence(self, *columns: str) -> dict[str, Any]:
        """User → value of a column (or several) of risk_evidence; users who have no row are left out."""
        return self._by_user("risk_evidence", RISK_EVIDENCE, columns)

    def risk_days(self, *columns: str, day: date = TODAY) -> dict[str, Any]:
        return self._by_user("risk_days", RISK_DAYS, columns, day)

    def _by_user(self, table: str, schema: Any, columns: Sequence[str], day: date | None = None) -> dict[str, Any]:
        names = {number: name for name, number in self.numbers.items()}
        told = self.tells(table, f"user_no, {', '.join(columns)}", schema, day=day)
        return {names[row[0]]: row[1] if len(columns) == 1 else row[1:] for row in told}

    def judges(
        self,
        benefit: Benefit,
        *users: str,
        gates: Sequence[Gate] | None = None,
        matrix: Matrix | None = None,
        live_flags: Sequence[tuple[str, str]] = (),
        decisions: Sequence[tuple[str, str]] = (),
    ) -> dict[str, tuple[str, str]]:
        """User → verdict and reasons, in one pass; the answer in Python must be the same for every one of them."""
        policy = Policy(
            shipped_gates() if gates is None else gates,
            shipped_matrix() if matrix is None else matrix,
            [(self.number(user), kind) for user, kind in live_flags],
            [(self.number(user), code) for user, code in decisions],
        )
        asked = users or tuple(self.numbers)
        self.engine.make("asked_for", " union all ".join(f"select {self.number(user)} as user_no" for user in asked))
        snapshot = self.lake.snapshot()
        table = judge(self.engine, snapshot, policy, users_table="asked_for", benefit=benefit, as_of=TODAY)
        told = {row[0]: (row[1], row[2]) for row in self.engine.rows(f"select user_no, verdict, reasons from {table}").values}
        for user in asked:
            number = self.number(user)
            one = answers(self.engine, snapshot, policy, user_no=number, benefit=benefit, as_of=TODAY)
            verdict, codes = together(one, {code for name, code in decisions if name == user})
            assert (verdict, ",".join(codes)) == told[number], user
        return {user: told[self.number(user)] for user in asked}


def judged_at(path: Path) -> Judged:
    return Judged(Lake(path / "lake"), DuckEngine(memory_limit="1GB", threads=1))


@pytest.fixture
def exchange(tmp_path):
    exchange = judged_at(tmp_path)
    yield exchange
    exchange.engine.close()
