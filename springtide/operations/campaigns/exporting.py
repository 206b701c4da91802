"""Decisions on their way from the database into the lake: a close exports what was decided, and then clears it away.

The manifest says up to which decision the lake has them, in the same swap that publishes them: a crash between the two loses none, and
counts none twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Lake
from springtide.home import Home
from springtide.kernel.days import day_of
from springtide.operations.campaigns.candidates import OUTCOMES, exported_through
from springtide.operations.campaigns.models import Decision
from springtide.operations.members.actions import audit

AT_ONCE: Final = 200_000  # rows in one file
KEPT_FOR: Final = timedelta(hours=1)  # after they were exported: whoever reads an older manifest still finds them
_COLUMNS: Final = (
    *("user_no", "user_id", "run__campaign__key", "run_id", "step", "arm", "verdict", "check_no", "reason", "risk_reasons"),
    *("has_passed", "channel", "message_class", "decided_at"),
)


def export_decisions(home: Home, engine: Engine, *, now: datetime) -> int:
    """Bring decisions into the lake, and clear away those that lie there; how many were brought.

    writes     lake table decision_outcomes; decisions, cleared; one audit row
    """
    lake, day = home.lake, day_of(now, home.settings.zone)
    with lake.writing() as publication:
        began = exported_through(publication.snapshot)
        last = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        rows = Decision.objects.filter(pk__gt=began, pk__lte=last).order_by("pk").values_list(*_COLUMNS).iterator(10_000)
        brought = 0
        while chunk := [(*row[:-1], row[-1].astimezone(UTC).replace(tzinfo=None)) for row in islice(rows, AT_ONCE)]:
            engine.table("exported", OUTCOMES, chunk)
            path = publication.new_path("decision_outcomes", str(day))
            written = engine.write("select * from exported order by user_no nulls last, decided_at, step", path)
            publication.add("decision_outcomes", path, rows=written, day=day)
            brought += len(chunk)
        if brought:
            publication.note("decisions_exported", last)
            publication.commit(now=now)
    if brought:
        audit("export_decisions", subject="decisions", acting=None, now=now, details={"rows": brought, "through": last})
    _clear(lake, now)
    return brought


def _clear(lake: Lake, now: datetime) -> None:
    """Clear what lies in the lake, but not what was put off and is asked about once more when it goes out."""
    exported = Decision.objects.filter(pk__lte=exported_through(lake.snapshot()), decided_at__lt=now - KEPT_FOR)
    exported.exclude(due_at__gt=now - KEPT_FOR).delete()
