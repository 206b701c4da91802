"""What the gates said of many users, counted; and in one line why so many were denied and how that is mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from springtide.analytics.engine import Engine
from springtide.analytics.foresight.gates import DECIDED, Gate, unknown_columns
from springtide.analytics.foresight.judging import GATE_QUERY
from springtide.analytics.foresight.tables import GATE_COLUMNS
from springtide.analytics.rules import Words

MUCH = 0.2  # from this share denied on, a dry run says why
EXAMPLES = 5

_ABOUT = {column.name: column.about for column in GATE_COLUMNS}
_INPUTS = {column: known for known, column in re.findall(r"when \$(knows_\w+) then .* end as (\w+),", GATE_QUERY.text)}
_BY_A_PERSON = Words("denied by a person", "人工拒绝")
_LOOK = Words("Leave these users out of the audience, or look at gate “{gate}”.", "请将这些用户移出受众，或查看闸门“{gate}”。")


@dataclass(frozen=True)
class Hit:
    """A reason code: how many users have it, what it says, and what mends it. `verdict`: deny, or review (a hold too)."""

    gate: str
    code: str
    verdict: str
    users: int
    says: Words
    mend: Words


@dataclass(frozen=True)
class Hits:
    """What the gates said. A user with two reasons is in two hits, and in one of the three sums."""

    users: int
    allowed: int
    reviewed: int
    denied: int
    hits: tuple[Hit, ...]  # in the order of the gates
    silent: tuple[Hit, ...] = ()  # gates that let everybody pass, because what they ask was never given

    @property
    def main_cause(self) -> Hit | None:
        """The reason that denies the most users; null where nobody is denied."""
        return max((hit for hit in self.hits if hit.verdict == "deny"), key=lambda hit: hit.users, default=None)

    def sentence(self, language: str = "en") -> str:
        """Why much is denied and how to mend it, as “82 % denied: country is empty. …”; empty where little is."""
        cause = self.main_cause
        if cause is None or not self.users or self.denied < MUCH * self.users:
            return ""
        share = round(100 * cause.users / self.users)
        says, mend = cause.says.within(language), cause.mend.within(language)
        return f"{share}% 被拒：{says}。{mend}" if language.startswith("zh") else f"{share} % denied: {says}. {mend}"


def count_hits(engine: Engine, judged: str, gates: Sequence[Gate], known: Mapping[str, bool] | None = None) -> Hits:
    """Count a table that `judge` made by these gates, while what it reads is still attached. `known`: see `known_inputs`."""
    told = engine.rows(f"select verdict, reasons, count(*) as users from {judged} group by verdict, reasons").values
    verdicts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for verdict, reasons, users in told:
        verdicts[verdict] += users
        codes.update(dict.fromkeys(reasons.split(",") if reasons else (), users))
    hits = [hit for gate in gates for hit in _hits_of(gate, codes)]
    if codes[DECIDED]:
        hits.insert(0, Hit("decided", DECIDED, "deny", codes[DECIDED], _BY_A_PERSON, Words("", "")))
    return Hits(
        sum(verdicts.values()),
        verdicts["allow"],
        verdicts["review"],
        verdicts["deny"],
        tuple(_named(hit, engine, judged) if hit.code == "unknown_matrix_verdict" else hit for hit in hits),
        tuple(hit for gate in gates if gate.unknown == "allow" and (hit := _silent(gate, known or {}))),
    )


def says(code: str, gates: Sequence[Gate]) -> Words:
    """What a reason code means."""
    if code == DECIDED:
        return _BY_A_PERSON
    found = next((clause.says for gate in gates for clause in gate.clauses if clause.code == code), None)
    return found or _unknown(code)[0]


def _hits_of(gate: Gate, codes: Counter[str]) -> list[Hit]:
    title = _LOOK.en.format(gate=gate.title.en), _LOOK.zh.format(gate=gate.title.zh)
    hits = [
        Hit(gate.key, each.code, "deny" if each.verdict == "deny" else "review", codes[each.code], each.says, Words(*title))
        for each in gate.clauses
        if codes[each.code]
    ]
    wanted = dict.fromkeys(f"unknown_{column}" for column in (*gate.needs, gate.key))
    # Two gates may want for one column: it is told with the first of them.
    told = [(code, codes.pop(code, 0)) for code in wanted]
    return [*hits, *(Hit(gate.key, code, gate.unknown, users, *_unknown(code)) for code, users in told if users)]


def _silent(gate: Gate, known: Mapping[str, bool]) -> Hit | None:
    column = next((column for column in gate.needs if not known.get(_INPUTS.get(column, ""), True)), None)
    return Hit(gate.key, f"unknown_{column}", "allow", 0, *_unknown(f"unknown_{column}")) if column else None


def _unknown(code: str) -> tuple[Words, Words]:
    column = code.removeprefix("unknown_")
    if said := unknown_columns().get(column):
        return said.empty, said.mend
    about = _ABOUT.get(column, column)
    return Words(f"not known: {about}", f"未知：{about}"), Words("", "")


def _named(hit: Hit, engine: Engine, judged: str) -> Hit:
    """Which jurisdictions the matrix lacks, the most frequent first."""
    lacking = engine.rows(
        "select coalesce(u.jurisdiction, u.country) as place, count(*) as users"
        f" from {judged} as j inner join users as u on j.user_no = u.user_no"
        " where contains(j.reasons, 'unknown_matrix_verdict') group by coalesce(u.jurisdiction, u.country)"
        " order by users desc, place nulls last"
    ).values
    places = ", ".join(str(place) for place, _ in lacking[:EXAMPLES]) + (" …" if len(lacking) > EXAMPLES else "")
    return replace(hit, says=Words(f"{hit.says.en} ({places})", f"{hit.says.zh}（{places}）"))
