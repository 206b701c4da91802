"""After a close: what speaks against users, kept in the lake as `risk_evidence` for the day that was closed.

It is found in three steps, and none reads more than changed: clusters and rounds of invitations when links and invitations did, one row
of `risk_days` for each user and day of the last thirty when the facts of the day did, and their sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import PROFILES, USER_DAYS
from springtide.analytics.engine import Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight import graphs
from springtide.analytics.foresight.tables import CLUSTERS, REFERRAL_CYCLES, RISK_DAYS
from springtide.analytics.lake import Lake, Publication
from springtide.kernel.days import day_bounds, days
from springtide.kernel.ids import content_hash

PACKAGE: Final = "springtide.analytics.foresight"
WINDOW: Final = timedelta(days=30)
KEPT: Final = timedelta(days=120)  # days of `risk_days`: as long as a task that asks for volume may run
DAY_FACTS: Final = ("spot_trades", "contract_trades", "reward_entries", "given_user_days")


@dataclass(frozen=True)
class EvidenceSpec:
    """What decides what is found, besides the facts.

    hub_users      more users than this on one device, card or address make it a hub, which links nobody
    most_linked    a cluster of more users than this is no evidence of a hedge
    net_percent    of what two users traded with each other to and fro, what may be left
    least_users    a channel whose value is told from fewer users than this has none of its own
    """

    hub_users: int = 20
    most_linked: int = 1000
    net_percent: int = 10
    least_users: int = 30


def find_evidence(lake: Lake, engine: Engine, *, zone: ZoneInfo, now: datetime, spec: EvidenceSpec | None = None) -> bool:
    """Bring the evidence up to the last closed day. False where nothing had changed since it was found.

    writes    clusters, referral_cycles, risk_days, channel_values, risk_evidence
    """
    with lake.writing() as publication:
        return _Finding(publication, engine, zone, spec or EvidenceSpec()).run(now)


class _Finding:
    def __init__(self, publication: Publication, engine: Engine, zone: ZoneInfo, spec: EvidenceSpec) -> None:
        self.publication = publication
        self.engine = engine
        self.zone = zone
        self.spec = asdict(spec)
        self.known: dict[str, Any] = publication.manifest.notes.get("risk", {})

    def run(self, now: datetime) -> bool:
        snapshot = self.publication.snapshot
        through = snapshot.closed_through
        if through is None:
            return False
        state = self._state(through)
        if state == self.known:
            return False
        snapshot.attach(self.engine, "users", fact_schema("users"))
        self._graphs(state)
        for day in state["days"]:
            if state["days"][day] != self.known.get("days", {}).get(day):
                self._roll_up(date.fromisoformat(day))
        self.publication.drop("risk_days", lambda file: file.first is not None and file.first <= through - KEPT)
        self._channel_values(through)
        self._evidence(through)
        self.publication.note("risk", state)
        self.publication.commit(now=now)
        return True

    def _state(self, through: date) -> dict[str, Any]:
        """What the tables are made from."""
        manifest = self.publication.manifest
        window = [day for day in days(through - WINDOW + timedelta(days=1), through) if str(day) in manifest.closed]
        return {
            "links": self._stamp(["links"], "shared_links"),
            "referrals": self._stamp(["referrals"], "invitations"),
            "days": {str(day): self._day_stamp(day) for day in window},
            "evidence": self._stamp(["restrictions"], "risk_evidence", "channel_values"),
            "closed": content_hash([str(through), manifest.closed[str(through)], manifest.notes.get("standing")]),
        }

    def _stamp(self, facts: Sequence[str], *definitions: str) -> str:
        files = [file.sha256 for table in facts for file in self.publication.snapshot.entries(table)]
        return content_hash([files, [definition(PACKAGE, name).hash for name in definitions], self.spec])

    def _day_stamp(self, day: date) -> str:
        revisions = self.publication.manifest.revisions
        return content_hash([[revisions.get(table, {}).get(str(day)) for table in DAY_FACTS], self._stamp([], "risk_days")])

    def _graphs(self, state: dict[str, Any]) -> None:
        snapshot, engine = self.publication.snapshot, self.engine
        snapshot.attach(engine, "referrals", fact_schema("referrals"))
        if state["links"] != self.known.get("links"):
            snapshot.attach(engine, "links", fact_schema("links"))
            shared = engine.rows(definition(PACKAGE, "shared_links").text, **self.spec).values
            self._publish_rows("clusters", CLUSTERS, graphs.clusters([(user, first, hub) for user, first, hub in shared]))
        if state["referrals"] != self.known.get("referrals"):
            invited = engine.rows(definition(PACKAGE, "invitations").text).values
            cycles = graphs.referral_cycles([(invitee, inviter) for invitee, inviter in invited])
            self._publish_rows("referral_cycles", REFERRAL_CYCLES, cycles)
        for table, schema in (("clusters", CLUSTERS), ("referral_cycles", REFERRAL_CYCLES)):
            self.publication.snapshot.attach(engine, table, schema)

    def _publish_rows(self, table: str, schema: Schema, rows: Sequence[tuple[Any, ...]]) -> None:
        self.engine.table("found", schema, rows)
        self._publish(table, "select * from found order by user_no", {})

    def _publish(self, table: str, sql: str, params: dict[str, Any], day: date | None = None) -> None:
        path = self.publication.new_path(table, str(day or "all"))
        rows = self.engine.write(sql, path, **params)
        self.publication.drop(table, lambda file: table != "risk_days" or file.first == day)
        self.publication.add(table, path, rows=rows, day=day)

    def _roll_up(self, day: date) -> None:
        snapshot = self.publication.snapshot
        for table in ("spot_trades", "contract_trades"):
            snapshot.attach(self.engine, table, fact_schema(table), since=day, until=day)
        snapshot.attach(self.engine, "user_days", USER_DAYS, since=day, until=day)
        from_at, to_at = day_bounds(day, self.zone)
        params = {"day": day, "from_at": from_at, "to_at": to_at, **self.spec}
        self._publish("risk_days", definition(PACKAGE, "risk_days").text, params, day)

    def _channel_values(self, through: date) -> None:
        snapshot = self.publication.snapshot
        snapshot.attach(self.engine, "profiles", PROFILES, since=through, until=through)
        snapshot.attach(self.engine, "user_days", USER_DAYS, since=through - WINDOW, until=through)
        self._publish("channel_values", definition(PACKAGE, "channel_values").text, {"day": through, **self.spec}, through)

    def _evidence(self, through: date) -> None:
        snapshot = self.publication.snapshot
        snapshot.attach(self.engine, "restrictions", fact_schema("restrictions"))
        snapshot.attach(self.engine, "risk_days", RISK_DAYS, since=through - WINDOW, until=through)
        _, to_at = day_bounds(through, self.zone)
        _, next_at = day_bounds(through + timedelta(days=1), self.zone)
        params = {"day": through, "to_at": to_at, "next_at": next_at}
        self._publish("risk_evidence", definition(PACKAGE, "risk_evidence").text, params, through)
