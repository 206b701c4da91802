"""The reference page of the gates, made from their definitions."""

from __future__ import annotations

from springtide.analytics.foresight.gates import Gate, shipped_gates, unknown_columns
from springtide.analytics.foresight.matrix import MatrixRow, shipped_matrix
from springtide.analytics.foresight.tables import GATE_COLUMNS

_HEAD = """\
# Gates

<!-- Made by ./run docs from springtide/analytics/foresight; do not edit. -->

What is asked before anybody gets anything, when an audience is built and again when a reward is paid. A denial outweighs a review, a
review outweighs a pass; `hold` is a review that comes first in the queue. A clause is a rule over the columns below, amounts of
money in USDT. Where a clause can be neither affirmed nor denied, the gate says what stands under *when not known*, and the code is
`unknown_` with the column. `decided` is the code of a denial that a person spoke. How to work with them: [the how-to](../how-to/risk.md).
"""


def reference_page() -> str:
    """The page as Markdown."""
    matrix = shipped_matrix()
    kyc = ", ".join(f"{instrument} {level}" for instrument, level in matrix.minimum_kyc.items())
    parts = [_HEAD, *(_gate(place, gate) for place, gate in enumerate(shipped_gates(), 1))]
    parts += [
        "## The matrix that ships\n",
        "A beginning, which compliance goes through before it is used. Of the rows that hold on a day the",
    ]
    parts += [f"strictest counts; where none does, nothing is given. Least KYC level: {kyc}.\n"]
    parts += ["| where | instruments | clients | may get | since | why |", "|---|---|---|---|---|---|", *map(_row, matrix.rows)]
    parts += ["\n## Columns\n", "| column | type | what it is | when it is not known |", "|---|---|---|---|"]
    mended = unknown_columns()
    for column in GATE_COLUMNS:
        mend = f"{mended[column.name].empty.en}: {mended[column.name].mend.en}" if column.name in mended else ""
        parts.append(f"| `{column.name}` | {column.type} | {column.about} | {mend} |")
    return "\n".join(parts) + "\n"


def _gate(place: int, gate: Gate) -> str:
    rows = "\n".join(
        f"| `{each.code}` | {each.verdict} | `{each.rule.text}` | {each.says.en} · {each.says.zh} |" for each in gate.clauses
    )
    cleared = "A person may clear it." if gate.is_cleared_by_decision else "Nobody may clear it."
    return f"""\
## {place}. {gate.title.en} · {gate.title.zh}

`{gate.key}`, version {gate.version}, `{gate.hash}`. Asked when `{gate.applies.text}`; when not known: {gate.unknown}. {cleared}

| code | verdict | rule | says |
|---|---|---|---|
{rows}
"""


def _row(row: MatrixRow) -> str:
    until = f" through {row.until}" if row.until else ""
    told = (sorted(row.where), sorted(row.instruments), sorted(row.clients))
    where, instruments, clients = (", ".join(each) for each in told)
    return f"| {where} | {instruments} | {clients} | {row.verdict} | {row.since}{until} | {row.why} |"
