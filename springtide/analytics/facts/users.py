"""The table of users: dense numbers, masters, and who an id in the facts is.

`users` holds one current row per account, cut into parts by number. A known user whose row says something new is replaced in place
(the row before is kept in `users_replaced`); a column that a source does not give keeps what was known.
"""

from __future__ import annotations

from collections.abc import Sequence

from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import checking
from springtide.analytics.facts.batch import MANY_SMALL_FILES, Batch, Counts, Filed, problems_of
from springtide.analytics.facts.checking import Reading
from springtide.analytics.facts.contracts import STORED, USERS, lake_schema, replaced_schema
from springtide.analytics.facts.quarantine import quarantine

PART = 2**20  # user numbers in one part
LOADED_WHOLE = 2_000_000  # up to so many users every id is kept ready between files
_COLUMNS = tuple(column.name for column in lake_schema(USERS))
_DAYS = ("registered_on", "kyc_passed_on")  # the days of the times of the same name
_SAID = tuple(field.name for field in USERS.fields if field.name != "user_id")


def load_accounts(batch: Batch, readings: Sequence[Reading]) -> None:
    """Fill `accounts` with the users that the sources name, as far as they are known.

    columns: user_id, account_no (own), user_no (the master's), registered_at, registered_on, is_derived
    """
    files = tuple(batch.files("users"))
    known = sum(file.rows for file in files)
    is_whole = known <= LOADED_WHOLE
    if is_whole and batch.accounts_of[0] == files:
        return
    picked = "user_id, user_no as account_no, master_no as user_no, registered_at, registered_on, is_derived"
    if not files:
        nothing = ", ".join(f"cast(null as {column.type}) as {column.name}" for column in lake_schema(USERS))
        batch.engine.make("accounts", f"select {picked} from (select {nothing}) limit 0")
    elif is_whole:
        batch.engine.make("accounts", f"select {picked} from {batch.source(files)}")
    else:
        named = " union ".join(reading.user_ids() for reading in readings)
        batch.engine.make("accounts", f"select {picked} from {batch.source(files)} where user_id in ({named})")
    batch.accounts_of[0] = files if is_whole else None


def derive_users(batch: Batch, readings: Sequence[Reading]) -> None:
    """Make users of those whom the facts name and nobody knows: registered when first seen, marked as derived.

    A derived user who turns out to have been seen earlier is registered earlier.
    """
    engine = batch.engine
    seen = " union all ".join(reading.users_seen() for reading in readings)
    said = ", ".join(
        "s.seen_at as registered_at" if name == "registered_at" else f"{_unknown(name)} as {name}" for name in _SAID
    )
    engine.make(
        "incoming",
        f"""
        select s.user_id, {said}, true as is_derived
        from (select user_id, min(seen_at) as seen_at from ({seen}) where user_id is not null group by user_id) as s
        left join accounts as a on s.user_id = a.user_id
        where s.seen_at is not null and (a.user_id is null or (a.is_derived and s.seen_at < a.registered_at))
        """,
    )
    _know(batch)
    _write(batch)


def file_users(batch: Batch, reading: Reading) -> Filed:
    """File the rows of a users table.

    A sub-account must name a master that is known, is no sub-account, and is never changed once set.
    """
    engine = batch.engine
    engine.make("rows_in", f"select line, v_user_id as user_id, {_read_columns()}, fault from ({reading.checked})")
    engine.make(
        "incoming_all",
        f"""
        select *, row_number() over same as nth, {_content("")} as content, first_value({_content("")}) over same as first_content
        from rows_in
        where fault is null
        window same as (partition by user_id order by line)
        """,
    )
    engine.make("incoming", "select * from incoming_all where nth = 1")
    _know(batch)
    kept = [name for name in _SAID if name not in reading.given]
    if kept:
        filled = ", ".join(f"coalesce(i.{name}, k.{name}) as {name}" for name in kept)
        engine.make(
            "incoming", f"select i.* replace ({filled}) from incoming as i left join known as k on i.user_id = k.user_id"
        )
    _refuse(batch, reading)
    engine.make(
        "incoming",
        f"""
        select i.*, k.user_no is not null as is_known
        from incoming as i
        left join known as k on i.user_id = k.user_id
        where i.line not in (select line from refused)
            and (k.user_no is null or k.is_derived or {" or ".join(f"i.{name} is distinct from k.{name}" for name in _SAID)})
        """,
    )
    taken, corrected = engine.rows(
        "select count(case when not is_known then 1 end), count(case when is_known then 1 end) from incoming"
    ).values[0]
    rows = engine.rows("select count(*) from rows_in").scalar()
    rejected = engine.rows(f"select count(*) from {reading.raw.rejects}").scalar() if reading.raw.rejects else 0
    quarantined = engine.rows("select count(*) from refused").scalar() + rejected
    engine.make("incoming", f"select user_id, {', '.join(_SAID)}, false as is_derived from incoming")
    _write(batch)
    problems = problems_of(batch, reading, "refused", 0)
    quarantine(batch, [reading])
    engine.drop("rows_in", "incoming_all")
    counts = Counts(rows + rejected, taken, rows + rejected - taken - corrected - quarantined, corrected, quarantined)
    return Filed(USERS.name, counts, problems)


def _read_columns() -> str:
    columns = {name: f"v_{name}" for name in _SAID} | {"master_user_id": "nullif(v_master_user_id, v_user_id)"}
    return ", ".join(f"{sql} as {name}" for name, sql in columns.items())


def _unknown(name: str) -> str:
    """What a derived user's column holds. The kind of account is the common one: an unknown kind would count nowhere."""
    value = "'retail'" if name == "user_type" else "null"
    return f"cast({value} as {STORED[USERS.field(name).kind]})"


def _content(prefix: str) -> str:
    return checking.content([prefix + name for name in _SAID], "false")


def _know(batch: Batch) -> None:
    """Fill `known` with the current rows of incoming users, and `masters` with those of the masters they name."""
    engine = batch.engine
    files = batch.files("users")
    columns = ", ".join(_COLUMNS)
    nothing = ", ".join(f"cast(null as {column.type}) as {column.name}" for column in lake_schema(USERS))
    source = batch.source(files) if files else f"(select {nothing} limit 0)"
    engine.make("known", f"select {columns} from {source} where user_id in (select user_id from incoming)")
    engine.make(
        "masters",
        f"select user_id, user_no, master_user_id from {source} "
        "where user_id in (select master_user_id from incoming where master_user_id is not null)",
    )
    engine.make(
        "led",  # users who are masters of somebody already
        f"select distinct master_user_id as user_id from {source} where master_user_id in (select user_id from incoming)",
    )


def _refuse(batch: Batch, reading: Reading) -> None:
    """Fill `refused` (part, line, column_name, rule): faults, conflicts, and masters that cannot be."""
    engine = batch.engine
    names = " ".join(f"when {fault.code} then {literal(fault.column or '')}" for fault in reading.faults)
    rules = " ".join(f"when {fault.code} then {literal(fault.rule)}" for fault in reading.faults)
    engine.make(
        "refused",
        f"""
        with faults as (
            select line, nullif(case fault {names} end, '') as column_name, case fault {rules} end as rule
            from rows_in
            where fault is not null
        ),
        conflicts as (
            select line, 'user_id' as column_name, 'conflict' as rule
            from incoming_all
            where nth > 1 and content <> first_content
        ),
        led_anew as (
            select i.line, i.user_id, i.master_user_id, k.master_user_id as known_master, k.user_no is not null as is_known
            from incoming as i
            left join known as k on i.user_id = k.user_id
            where i.master_user_id is not null or k.master_user_id is not null
        ),
        misled as (
            select
                l.line, 'master_user_id' as column_name,
                case
                    when l.known_master is not null and l.master_user_id is distinct from l.known_master then 'master_changed'
                    when l.known_master is not null then null
                    when m.user_id is null and i.user_id is null then 'master_unknown'
                    when coalesce(i.master_user_id, m.master_user_id) is not null then 'master_is_sub_account'
                    when d.user_id is not null then 'master_has_sub_accounts'
                end as rule
            from led_anew as l
            left join masters as m on l.master_user_id = m.user_id
            left join incoming as i on l.master_user_id = i.user_id
            left join led as d on l.user_id = d.user_id
        )
        select cast(0 as smallint) as part, line, column_name, rule
        from (
            select * from faults
            union all
            select * from conflicts
            union all
            select * from misled where rule is not null
        )
        """,
    )


def _write(batch: Batch) -> None:
    """Number and write the users of `incoming`: the columns of the contract, and is_derived."""
    engine = batch.engine
    if not engine.rows("select count(*) from incoming").scalar():
        engine.drop("incoming", "known", "masters", "led")
        return
    following = batch.publication.snapshot.rows("users")
    engine.make(
        "numbered",
        f"""
        select i.*, coalesce(
            k.user_no,
            cast({following} - 1 + row_number() over (partition by k.user_no is null order by i.registered_at, i.user_id) as integer)
        ) as user_no
        from incoming as i
        left join known as k on i.user_id = k.user_id
        """,
    )
    days = {name: checking.day_sql(f"n.{name.removesuffix('_on')}_at", batch.zone) for name in _DAYS}
    dated = ", ".join(f"{sql} as {name}" for name, sql in days.items())
    columns = ", ".join(f"n.{name}" for name in _COLUMNS if name not in ("master_no", *_DAYS))
    engine.make(
        "written",
        f"""
        select {columns}, coalesce(m.user_no, o.user_no, n.user_no) as master_no, {dated}
        from numbered as n
        left join masters as m on n.master_user_id = m.user_id
        left join numbered as o on n.master_user_id = o.user_id
        """,
    )
    _keep_replaced(batch)
    picked = ", ".join(_COLUMNS)
    for part, is_changed in engine.rows(
        f"select user_no // {PART} as part, bool_or(user_no < {following}) from written group by part order by part"
    ).values:
        within = f"select {picked} from written where user_no // {PART} = {part}"
        files = [file for file in batch.files("users") if file.part == part]
        if is_changed or len(files) >= MANY_SMALL_FILES:
            kept = f"select {picked} from {batch.source(files)} where user_no not in (select user_no from written)"
            batch.replace("users", files, f"select * from ({kept} union all {within}) order by user_no", part=part)
        else:
            path = batch.publication.new_path("users", f"{part}")
            batch.publication.add("users", path, rows=engine.write(f"{within} order by user_no", path), part=part)
    for (day,) in engine.rows("select distinct registered_on from written order by registered_on").values:
        batch.publication.touch("users", day)
    engine.drop("incoming", "known", "masters", "led", "numbered", "written")


def _keep_replaced(batch: Batch) -> None:
    """Keep the rows that are about to be replaced."""
    names = ", ".join(f"k.{name}" for name in _COLUMNS)
    old = f"select {names}, false as is_void from known as k semi join written as w on k.user_no = w.user_no order by k.user_no"
    batch.add("users_replaced", old)
    batch.tidy("users_replaced", replaced_schema(USERS), "user_no")
