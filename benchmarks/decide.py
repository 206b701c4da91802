"""Deciding: a million users from launch to the last message in the outbox, and the dry run of the same campaign.

About eight in ten are sent: every send is a decision, a reservation of two postings and a message. Nobody reads or closes meanwhile.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, Final

from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child, middle
from benchmarks.postgresql import postgresql

USERS: Final = 1_000_000
WALL_S: Final = {"launch": 60, "dry run": 20}
MOST_MIB: Final = 2048
BODY: Final[dict[str, Any]] = {
    "objective": "Bring back dormant users",
    "problem": "dormant_users",
    "hypothesis": "A voucher brings back one in ten",
    "audience": {"rule": "lifecycle = 'dormant'"},
    "holdout_ratio": 0.1,
    "offers": {"ten": {"type": "fee_voucher", "amount_usdt": 10}},
    "budget_usdt": 20_000_000,
    "steps": [{"key": "hello", "do": "message", "channel": "push", "template": "come_back", "offer": "ten"}],
    "measure": {"primary": "net_revenue", "planned_users": 100_000},
}
TEMPLATE: Final = {
    "texts": {
        "en": {"text": "{{ asset_size_usdt }} USDT wait for you."},
        "zh": {"text": "您还有 {{ asset_size_usdt }} USDT。"},
    },
    "fallback": "en",
    "variables": {"asset_size_usdt": {"missing": "refuse"}},
}


def decide(bench: Bench) -> list[Result]:
    """A launch and a dry run, on every database that is here."""
    users, results = bench.users or USERS, []
    with postgresql(bench.folder / "postgresql") as address:
        for database, url in {"SQLite": "", **({"PostgreSQL": address} if address else {})}.items():
            for what, wall_s in WALL_S.items():
                runs = []
                with bench.steps(f"{what}, {database}", 1) as step:
                    home = bench.folder / f"decide {database} {what}"
                    runs.append(in_child(_prepared, str(home), url, users, what))
                    step()
                results.append(_result(database, what, users, wall_s * users / USERS, middle(runs)))
    return results


def _result(database: str, what: str, users: int, wall_s: float, run: Run) -> Result:
    return Result(
        part="decide",
        what=f"{what}, {database}",
        size=f"{users:,} users",
        ours=run,
        note=f"{run.value['sent']:,} sent",
        limits=(Limit("wall s", run.wall_s, wall_s), Limit("peak MiB", run.peak_mib, MOST_MIB)),
    )


def _prepared(home: str, url: str, users: int, what: str) -> Prepared:
    os.environ |= {"SPRINGTIDE_HOME": home, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "springtide.desk.settings"}
    from pathlib import Path

    from benchmarks.addressed import addressed_home
    from springtide.desk.serve import prepare

    made = addressed_home(Path(home), users)
    prepare(Path(home))
    from springtide.kernel import clock
    from springtide.operations.campaigns import runs
    from springtide.operations.campaigns.models import Decision
    from springtide.operations.delivery.models import Message

    key = f"win_back_{what.replace(' ', '_')}"
    campaign = launched(key, BODY, TEMPLATE, is_launched=what == "launch")
    was = Message.objects.count()

    def launch() -> dict[str, int]:
        runs.carry_run(made, key, "launch 1", now=clock.now)
        sent = Message.objects.count() - was
        if Decision.objects.filter(run__campaign=campaign, verdict="sent").count() != sent:
            raise AssertionError(f"{sent:,} messages")
        return {"sent": sent}

    def dry_run() -> dict[str, int]:
        return {"sent": runs.dry_run(made, campaign.title, campaign.body, campaign, now=clock.now()).sent}

    return launch if what == "launch" else dry_run


def launched(key: str, body: dict[str, Any], template: dict[str, Any], *, is_launched: bool = True) -> Any:
    """A campaign that two people brought under way; Django is set up."""
    from springtide.kernel import clock
    from springtide.operations.campaigns import actions
    from springtide.operations.definitions.actions import publish_definition
    from springtide.operations.definitions.reads import hash_in_force
    from springtide.operations.members.models import Approval

    now = clock.now() - timedelta(seconds=1)
    drafter, *approvers = (
        _member(*each, now) for each in (("drafter", "manager"), ("first", "approver"), ("second", "approver"))
    )
    seen = hash_in_force("message_template", "come_back")
    publish_definition("message_template", "come_back", title="Come back", body=template, acting=drafter, now=now, seen=seen)
    campaign = actions.draft_campaign(key, title="Win back", body=body, acting=drafter, now=now)
    for approval in actions.submit_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=now):
        for each in approvers[: Approval.objects.get(pk=approval).quorum]:
            actions.approve_campaign(approval, seen=campaign.content_hash, acting=each, now=now)
    campaign.refresh_from_db()
    if is_launched:
        actions.launch_campaign(campaign, seen=campaign.content_hash, acting=drafter, now=now)
    return campaign


def _member(username: str, role: str, now: Any) -> Any:
    from springtide.operations.members.actions import create_member
    from springtide.operations.members.models import Member

    there = Member.objects.filter(username=username).first()
    password = "a tide that lifts 3 boats"
    return there or create_member(username=username, display_name=username, role=role, password=password, now=now)
