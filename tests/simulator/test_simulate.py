"""The made-up exchange is believable, keeps its books, and is the same whenever it is made again."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from springtide.analytics.facts.contracts import CONTRACTS
from springtide.kernel.errors import BadInput
from springtide.simulator import simulate
from springtide.simulator.cast import NAMES

LAST_DAY = date(2025, 6, 30)
NOT_USERS = "('market_maker', 'employee', 'test')"


class Exchange:
    """The files of a simulation, asked in SQL: every input table by its name, those that are true as `true_<name>`."""

    def __init__(self, out, made):
        self.out, self.made = out, made
        self.connection = duckdb.connect()
        for folder in sorted((out / "exchange").iterdir()):
            if folder.is_dir():
                self.connection.execute(f"create view {folder.name} as select * from read_parquet('{folder}/*.parquet')")
        for file in sorted((out / "truth").iterdir()):
            self.connection.execute(f"create view true_{file.stem} as select * from '{file}'")
        for table in ("spot_trades", "contract_trades"):
            # What holds in the end: the newest version of every row, without the voided ones.
            self.connection.execute(
                f"create table {table.split('_')[0]}_fills as select * from {table} "
                "qualify row_number() over (partition by event_id order by version desc) = 1"
            )
            self.connection.execute(f"delete from {table.split('_')[0]}_fills where is_void")
        self.connection.execute("""
            create table own_fills as
            select user_id, executed_at, notional_usdt, fee_usdt, event_id from spot_fills
            union all
            select user_id, executed_at, notional_usdt, fee_usdt, event_id from contract_fills where fill_type = 'normal'
        """)

    def rows(self, sql):
        return self.connection.execute(sql).fetchall()

    def one(self, sql):
        [row] = self.rows(sql)
        return row[0] if len(row) == 1 else row


def made(folder, **asked):
    out = folder / "-".join(str(value) for value in asked.values())
    return Exchange(out, simulate(out=out, through=LAST_DAY, **asked))


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    return made(tmp_path_factory.mktemp("exchange"), users=6_000, days=150, seed=3)


def test_every_table_has_the_columns_of_its_contract_and_nothing_more(exchange):
    by_name = {contract.name: contract for contract in CONTRACTS}
    written = {folder.name for folder in (exchange.out / "exchange").iterdir() if folder.is_dir()}
    assert written == by_name.keys() - {"user_days", "period_totals"}
    for table in written:
        columns = {row[0] for row in exchange.rows(f"describe {table}")}
        assert set(by_name[table].required) <= columns <= set(by_name[table].names), table


def test_every_word_is_one_that_the_contract_allows(exchange):
    for contract in CONTRACTS:
        for field in contract.fields:
            if field.choices and contract.name not in ("user_days", "period_totals"):
                allowed = ", ".join(f"'{choice}'" for choice in field.choices)
                assert exchange.rows(f"select * from {contract.name} where {field.name} not in ({allowed})") == []


def test_every_row_keeps_its_contract(exchange):
    day_after = "timestamp '2025-07-01'"
    for contract in CONTRACTS:
        if contract.name in ("user_days", "period_totals"):
            continue
        given = {row[0] for row in exchange.rows(f"describe {contract.name}")}
        breaks = ["false"]
        for field in contract.fields:
            if field.name not in given:
                continue
            name = f'"{field.name}"'
            if field.is_required:
                breaks.append(f"{name} is null")
            if field.kind in ("money", "decimal", "integer") and not field.is_signed:
                breaks.append(f"{name} < 0 or not isfinite(cast({name} as double))")
            if field.kind in ("time", "day") and not field.may_be_future:
                breaks.append(f"{name} >= {day_after}")
            if field.kind == "user":
                breaks.append(f"{name} not in (select user_id from users)")
        assert exchange.one(f"select count(*) from {contract.name} where {' or '.join(breaks)}") == 0, contract.name
        if contract.after_registration:
            [day] = [field for field in contract.fields if field.name == contract.day_column]
            registered = "cast(u.registered_at as date)" if day.kind == "day" else "u.registered_at"
            early = f'select count(*) from {contract.name} t join users u using (user_id) where t."{day.name}" < {registered}'
            assert exchange.one(early) == 0, contract.name


def test_it_counts_what_it_wrote(exchange):
    for table, rows in exchange.made.rows.items():
        assert rows == exchange.one(f"select count(*) from {table.replace('truth/', 'true_')}"), table
    assert (exchange.made.first_day, exchange.made.last_day) == (date(2025, 2, 1), LAST_DAY)
    assert exchange.one("select count(*) from users") == 6_000


def test_what_is_true_never_lies_among_what_is_imported(exchange):
    assert sorted(path.name for path in exchange.out.iterdir()) == ["exchange", "truth"]
    columns = {
        row[0]
        for folder in (exchange.out / "exchange").iterdir()
        if folder.is_dir()
        for row in exchange.rows(f"describe {folder.name}")
    }
    assert not columns & {"archetype", "wealth_usdt", "leaving_ratio", "cluster_id", "regime", "activity_factor"}


# ── its books are kept ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_ids_are_unique_but_for_corrections(exchange):
    for table in (
        "spot_trades",
        "contract_trades",
        "transfers",
        "reward_entries",
        "other_income",
        "commissions",
        "events",
        "surveys",
    ):
        assert exchange.one(f"select count(*) - count(distinct (source, event_id, version)) from {table}") == 0, table
    assert exchange.one("select count(*) - count(distinct user_id) from users") == 0
    assert exchange.one("select count(*) - count(distinct (user_id, day, asset, product)) from balances") == 0
    assert exchange.one("select count(*) - count(distinct (user_id, day, platform)) from sessions") == 0


def test_late_corrected_and_voided_rows_come_in_files_named_for_the_day_they_arrive(exchange):
    late = f"read_parquet('{exchange.out}/exchange/spot_trades/late-*.parquet', filename = true)"
    arrived = f"(select *, cast(regexp_extract(filename, 'late-([0-9-]{{10}})', 1) as date) as arrived_on from {late})"
    versions = exchange.rows(f"select version, is_void, count(*) > 0 from {arrived} group by all order by all")
    assert versions == [(1, False, True), (2, False, True), (2, True, True)]
    assert (
        exchange.one(
            f"select count(*) from {arrived} where cast(executed_at as date) >= arrived_on and arrived_on < date '{LAST_DAY}'"
        )
        == 0
    )
    assert 0.001 < exchange.one(f"select (select count(*) from {late}) / (select count(*) from spot_trades)") < 0.01


def test_nobody_trades_before_registration_nor_contracts_before_kyc_nor_after_being_stopped(exchange):
    assert (
        exchange.one("select count(*) from own_fills f join users u using (user_id) where f.executed_at < u.registered_at") == 0
    )
    assert (
        exchange.one(
            "select count(*) from contract_fills f join users u using (user_id) where coalesce(f.executed_at < u.kyc_passed_at, true)"
        )
        == 0
    )
    assert (
        exchange.one("""
        select count(*) from own_fills f join user_status_history h using (user_id)
        where h.attribute = 'status' and h.new in ('frozen', 'closed') and f.executed_at >= h.valid_from + interval 1 day
    """)
        == 0
    )
    assert exchange.one(f"select max(executed_at) < date '{LAST_DAY}' + 1 from own_fills")


def test_every_holding_is_what_was_brought_and_earned_less_what_was_taken_and_lost(exchange):
    exchange.connection.execute("""
        create or replace view flows as
        select user_id, 'USDT' as asset, case side when 'buy' then -notional_usdt else notional_usdt end - fee_usdt as amount
            from spot_fills
        union all select user_id, base, case side when 'buy' then quantity else -quantity end from spot_fills
        union all select user_id, 'USDT', coalesce(realised_pnl_usdt, 0) - fee_usdt from contract_fills
        union all select user_id, asset, case when kind in ('deposit', 'internal_in') then quantity else -quantity end
            from transfers where status = 'completed'
        union all select user_id, 'USDT', usdt from reward_entries where action in ('convert', 'consume_loss')
        union all select user_id, 'USDT', -usdt from other_income where kind = 'liquidation_fee'
        union all select user_id, 'USDT', cast(properties ->> 'usdt' as decimal(18, 6)) from events where name = 'earn_interest'
    """)
    # Open positions are held at today's price, which no flow knows yet.
    accounts, off = exchange.one(f"""
        with books as (select user_id, asset, sum(cast(amount as double)) as booked from flows group by user_id, asset),
        held as (
            select user_id, asset, sum(quantity) as held from balances
            where day = date '{LAST_DAY}' and product <> 'bonus' group by user_id, asset
        ),
        open as (
            select user_id from contract_fills
            group by user_id having abs(sum(case side when 'buy' then quantity else -quantity end)) > 1e-9
        )
        select count(*), count(*) filter (where abs(coalesce(booked, 0) - coalesce(held, 0)) > 1e-5)
        from books full join held using (user_id, asset) where user_id not in (from open)
    """)
    assert accounts > 2_000
    assert off == 0
    assert exchange.one("select min(least(quantity, usdt)) > 0 from balances")


def test_the_worth_of_a_coin_is_its_price_of_the_day(exchange):
    assert (
        exchange.one("""
        select max(abs(b.usdt - b.quantity * p.close_usdt)) from balances b join prices p using (asset, day) where b.product = 'spot'
    """)
        < 0.001
    )


# ── it is believable ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_few_trade_most_of_the_volume(exchange):
    gini, top_percent = exchange.one(f"""
        with volumes as (
            select user_id, cast(sum(notional_usdt) as double) as volume
            from own_fills join users using (user_id) where user_type not in {NOT_USERS} group by user_id
        ),
        ranked as (
            select volume, row_number() over (order by volume) as place, count(*) over () as n, sum(volume) over () as total
            from volumes
        )
        select
            2 * sum(place * volume) / (max(n) * max(total)) - (max(n) + 1.0) / max(n),
            sum(volume) filter (where place > n * 0.99) / max(total)
        from ranked
    """)
    assert gini >= 0.9
    assert top_percent > 0.5


def test_people_drop_off_on_the_way_to_a_first_trade(exchange):
    kyc, deposited, traded, at_once = exchange.one("""
        with deposits as (
            select user_id, min("at") as first_at from transfers where kind = 'deposit' and status = 'completed' group by user_id
        ),
        fills as (select user_id, min(executed_at) as first_at from own_fills group by user_id)
        select count(u.kyc_passed_at) / count(*), count(d.first_at) / count(u.kyc_passed_at), count(f.first_at) / count(d.first_at),
            count(*) filter (where f.first_at <= d.first_at + interval 24 hour) / count(d.first_at)
        from users u left join deposits d using (user_id) left join fills f using (user_id)
    """)
    assert 0.55 < kyc < 0.75
    assert 0.40 < deposited < 0.65
    assert 0.70 < traded < 0.95
    assert 0.35 < at_once < 0.45


def test_most_of_those_who_come_back_do_so_within_four_weeks(exchange):
    returns, within = exchange.one("""
        with days as (select distinct user_id, cast(executed_at as date) as day from own_fills),
        gaps as (select day - lag(day) over (partition by user_id order by day) as gap from days)
        select count(*), count(*) filter (where gap <= 28) / count(*) from gaps where gap > 7
    """)
    assert returns > 1_000
    assert 0.70 < within < 0.88


def test_some_go_on_to_contracts_and_many_leave_after_a_liquidation(exchange):
    assert (
        0.25
        < exchange.one("select count(distinct user_id) from contract_fills where user_id in (select user_id from spot_fills)")
        / exchange.one("select count(distinct user_id) from spot_fills")
        < 0.65
    )
    quiet_after_liquidation, quiet_after_any_day = exchange.one(f"""
        with days as (select distinct user_id, cast(executed_at as date) as day from contract_fills where fill_type = 'normal'),
        struck as (select distinct user_id, cast(executed_at as date) as day from contract_fills where fill_type = 'liquidation'),
        judged as (
            select d.user_id, d.day, s.day is not null as was_struck,
                exists (from days n where n.user_id = d.user_id and n.day > d.day and n.day <= d.day + 10) as is_back
            from days d left join struck s using (user_id, day) where d.day <= date '{LAST_DAY}' - 10
        )
        select
            avg(cast(not is_back as integer)) filter (where was_struck),
            avg(cast(not is_back as integer)) filter (where not was_struck)
        from judged
    """)
    assert quiet_after_liquidation > 2 * quiet_after_any_day


def test_bonus_hunters_do_just_the_task_and_take_the_money_out(exchange):
    shaped, cashed_out = exchange.one("""
        with takers as (
            select distinct r.user_id, t.* from reward_entries r join campaign_tasks t using (campaign_ref)
            join true_users a using (user_id)
            where r.action = 'activate' and a.archetype = 'bonus_hunter'
        ),
        judged as (
            select t.user_id, t.campaign_ref,
                (select count(*) from own_fills f
                    where f.user_id = t.user_id and executed_at >= starts_at and executed_at < ends_at) as trades,
                (select sum(notional_usdt) from own_fills f
                    where f.user_id = t.user_id and executed_at >= starts_at and executed_at < ends_at) as volume,
                (select coalesce(sum(usdt), 0) from transfers w where w.user_id = t.user_id and kind = 'deposit' and status = 'completed'
                    and "at" < unlock_at and "at" >= starts_at) as brought,
                (select coalesce(sum(usdt), 0) from transfers w where w.user_id = t.user_id and kind = 'withdrawal' and status = 'completed'
                    and "at" >= unlock_at and "at" < unlock_at + interval 7 day) as taken,
                minimum_trades, minimum_volume_usdt
            from takers t where t.unlock_at < timestamp '2025-06-20'
        )
        select
            avg(cast(coalesce(trades <= minimum_trades + 1, volume between minimum_volume_usdt and minimum_volume_usdt * 1.3) as integer)),
            avg(cast(taken >= 0.8 * brought as integer))
        from judged
    """)
    assert shaped > 0.9
    assert cashed_out > 0.9


def test_linked_accounts_share_a_device_and_bought_channels_bring_more_of_them(exchange):
    assert (
        exchange.one("""
        select min(devices) from (
            select c.cluster_id, count(*) filter (where shared > 1) as devices
            from true_clusters c join (
                select user_id, count(*) over (partition by link_hash) as shared from links where link_type = 'device'
            ) using (user_id) group by c.cluster_id
        )
    """)
        > 0
    )
    poor, good = exchange.one("""
        select avg(cast(a.archetype = 'bonus_hunter' as integer)) filter (where u.channel_id in ('airdrop', 'affiliate_south')),
            avg(cast(a.archetype = 'bonus_hunter' as integer)) filter (where u.channel_id in ('organic', 'seo'))
        from users u join true_users a using (user_id)
    """)
    assert poor > 4 * good


def test_the_market_has_regimes_and_moves_everybodys_activity(exchange):
    assert exchange.one("select count(distinct regime) from true_market") == 3
    assert (
        exchange.one("""
        with activity as (
            select cast(executed_at as date) as day, count(distinct user_id) as traders from own_fills group by 1
        ),
        -- Against a line through time, because the exchange grows meanwhile.
        weighed as (
            select m.mood, ln(a.traders) as traders, a.day - date '2025-02-01' as age
            from activity a join true_market m using (day) where a.day > date '2025-03-01'
        ),
        trend as (select regr_slope(traders, age) as slope, regr_intercept(traders, age) as base from weighed)
        select corr(mood, traders - base - slope * age) from weighed, trend
    """)
        > 0.3
    )


def test_bots_makers_copiers_sub_accounts_and_staff_are_there(exchange):
    assert {row[0] for row in exchange.rows("select distinct user_type from users")} == {
        "retail",
        "pro",
        "institution",
        "market_maker",
        "employee",
        "test",
    }
    assert {row[0] for row in exchange.rows("select distinct via from contract_fills")} >= {"app", "web", "api", "copy"}
    assert exchange.one("select count(*) from users where master_user_id is not null") > 0
    assert (
        exchange.one(
            "select count(*) from users s where master_user_id not in (select user_id from users where master_user_id is null)"
        )
        == 0
    )
    assert exchange.one("select count(distinct i.user_id) from transfers i where kind = 'internal_in'") > 0
    assert exchange.one(
        """select sum(case kind when 'internal_in' then usdt else -usdt end) from transfers where kind like 'internal%'"""
    ) == Decimal(0)


def test_its_page_names_every_kind_of_user_and_every_file_of_truth(exchange):
    page = (Path(__file__).parents[2] / "docs" / "reference" / "simulator.md").read_text(encoding="utf-8")
    for name in (*NAMES, *(file.stem for file in (exchange.out / "truth").iterdir())):
        assert name in page, name


# ── the same again ──────────────────────────────────────────────────────────────────────────────────────────────────────


def content(exchange, table):
    """A number that any change of any row of the table would change."""
    return exchange.one(f"select sum(hash(t)) from {table} t")


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path_factory):
    small = {"users": 800, "days": 60}
    first, again, other = (
        made(tmp_path_factory.mktemp(name), **small, seed=seed) for name, seed in (("first", 5), ("again", 5), ("other", 6))
    )
    assert first.made.rows == again.made.rows
    for table in first.made.rows:
        name = table.replace("truth/", "true_")
        assert content(first, name) == content(again, name), table
    for table in ("users", "spot_trades", "contract_trades", "transfers", "balances", "prices"):
        assert content(first, table) != content(other, table), table


def test_more_users_change_nothing_about_those_who_were_there(tmp_path_factory):
    few, many = (made(tmp_path_factory.mktemp(f"of-{users}"), users=users, days=60, seed=5) for users in (800, 1_200))
    many.connection.execute(
        f"attach ':memory:' as few; create table few.known as select user_id from '{few.out}/exchange/users/all.parquet'"
    )
    for table in (
        "users",
        "true_users",
        "spot_trades",
        "contract_trades",
        "transfers",
        "balances",
        "reward_entries",
        "sessions",
        "tickets",
    ):
        of_the_few = f"(select * from {table} where user_id in (from few.known))"
        assert content(few, table) == content(many, of_the_few), table


# ── what it refuses ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("users", "days", "seed"), [(0, 10, 1), (10, 0, 1), (10, 10, -1), (10, 3_900, 1)])
def test_a_size_out_of_range_is_refused(tmp_path, users, days, seed):
    with pytest.raises(BadInput) as refused:
        simulate(users=users, days=days, seed=seed, out=tmp_path, through=LAST_DAY)
    assert refused.value.code == "bad_size"
    assert list(tmp_path.iterdir()) == []


def test_an_exchange_is_never_written_over_another(tmp_path):
    simulate(users=20, days=5, seed=1, out=tmp_path, through=LAST_DAY)
    with pytest.raises(BadInput) as refused:
        simulate(users=20, days=5, seed=1, out=tmp_path, through=LAST_DAY)
    assert refused.value.code == "not_empty"


def test_an_exchange_of_one_user_and_one_day_is_still_one(tmp_path):
    assert simulate(users=1, days=1, seed=1, out=tmp_path, through=LAST_DAY).rows["users"] == 1


def test_progress_is_told_from_nothing_to_all(tmp_path):
    heard = []
    simulate(users=50, days=10, seed=1, out=tmp_path, through=LAST_DAY, progress=lambda step, share: heard.append(share))
    assert heard[0] == 0.0
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
