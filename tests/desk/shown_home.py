"""A home worth looking at: a small exchange with newcomers, regulars, people who stop and people who come back, closed day by day.

Facts are written straight into the lake, so that the console is tested apart from the import; the same seed gives the same home.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pandas

from springtide.analytics.facts import fact_schema
from springtide.home import Home
from springtide.kernel.settings import HomeSettings

LAST = date(2026, 3, 31)
MADE_AT = datetime(2026, 4, 1, 6, tzinfo=UTC)
COUNTRIES = ("SG", "VN", "TR", "BR", "DE", "NG")
CHANNELS = ("organic", "search", "kol-7", "referral")
HOSTILE = "=cmd|' /C calc'!A0"  # a user id that a spreadsheet must not run
LONG_ID = "9007199254740993123"  # 19 digits: a float would lose the last ones


def make_home(path: Path, *, users: int = 1200, days: int = 75, seed: int = 7, only_trades: bool = False) -> Home:
    """A closed home at `path`. `only_trades`: fills without fees and nothing else, so that much is not available."""
    home = Home.create(path, HomeSettings(exchange="Shown exchange", threads=2))
    chance = numpy.random.default_rng(seed)
    first = LAST - timedelta(days=days - 1)
    registered = numpy.sort(chance.integers(-60, days, users))
    habit = numpy.where(chance.random(users) < 0.62, chance.gamma(0.9, 0.22, users), 0.0).clip(0, 0.95)
    stops = registered + chance.geometric(0.018, users)
    returns = numpy.where(chance.random(users) < 0.3, stops + chance.integers(12, 60, users), 10_000)
    size = chance.lognormal(6.2, 1.9, users)
    kyc = chance.random(users) < 0.8
    funds = (chance.random(users) < 0.75) & kyc
    country, channel = chance.choice(COUNTRIES, users), chance.choice(CHANNELS, users)
    vip = numpy.digitize(size * habit, [2_000, 12_000, 60_000])
    day_of = numpy.array([first + timedelta(days=n) for n in range(days)])

    fills, transfers, balances = [], [], []
    for n in range(days):
        here = (registered <= n) & funds & ((stops > n) | (returns <= n))
        for user in numpy.flatnonzero(here & (chance.random(users) < habit)):
            for _ in range(1 + chance.poisson(1.2)):
                is_contract = bool(user % 3 == 0 and chance.random() < 0.7)
                notional = float(size[user] * chance.lognormal(0, 0.6))
                fills.append((n, int(user), is_contract, notional, float(chance.random() * 86_000)))
        came, left = (registered == n - 1) & funds, funds & (stops == n) & (chance.random(users) < 0.4)
        transfers += [(n, int(u), "deposit", float(size[u] * 2)) for u in numpy.flatnonzero(came)]
        transfers += [(n, int(u), "withdrawal", float(size[u])) for u in numpy.flatnonzero(left)]
        holds = funds & (registered < n) & ~((stops < n - 4) & (chance.random(users) < 0.02))
        balances += [(n, int(u), float(size[u] * (1.8 + 0.4 * chance.random()))) for u in numpy.flatnonzero(holds)]

    def instant(n: int, second: float = 0.0) -> datetime:
        return datetime.combine(first + timedelta(days=n), datetime.min.time()) + timedelta(seconds=second)

    ids = [f"u{n:05d}" for n in range(users)]
    ids[0], ids[1] = HOSTILE, LONG_ID
    people = [
        {
            "user_no": n,
            "user_id": ids[n],
            "registered_at": instant(int(registered[n]), 3600.0),
            "registered_on": first + timedelta(days=int(registered[n])),
            "vip_level": None if only_trades else int(vip[n]),
            "country": str(country[n]),
            "language": "zh" if country[n] == "SG" else "en",
            "channel_id": str(channel[n]),
            "kyc_level": int(kyc[n]),
            "kyc_passed_at": instant(int(registered[n]), 9000.0) if kyc[n] else None,
            "kyc_passed_on": first + timedelta(days=int(registered[n])) if kyc[n] else None,
            "user_type": "employee" if n % 97 == 5 else "retail",
            "status": "frozen" if n % 211 == 3 else "active",
            "marketing_consent": True,
            "master_no": n,
            "is_derived": False,
        }
        for n in range(users)
    ]
    facts: dict[str, list[dict[str, Any]]] = {"users": people, "spot_trades": [], "contract_trades": []}
    for number, (n, user, is_contract, notional, second) in enumerate(fills):  # type: ignore[assignment]
        fact = {
            "user_no": user,
            "account_no": user,
            "event_id": f"f{number}",
            "executed_at": instant(n, second),
            "base": "BTC",
            "side": "buy",
            "notional_usdt": round(notional * 1e6),
            "fee_usdt": round(notional * 800),
            "via": "app",
            "role": "taker",
            "fill_type": "normal",
        }
        facts["contract_trades" if is_contract else "spot_trades"].append(fact)
    if not only_trades:
        facts["transfers"] = [
            {
                "user_no": user,
                "account_no": user,
                "event_id": f"t{number}",
                "happened_at": instant(n, 7200.0),
                "kind": kind,
                "rail": "crypto",
                "asset": "USDT",
                "usdt": round(amount * 1e6),
                "status": "completed",
            }
            for number, (n, user, kind, amount) in enumerate(transfers)
        ]
        facts["balances"] = [
            {"user_no": user, "account_no": user, "day": day_of[n], "asset": "USDT", "product": "spot", "usdt": round(a * 1e6)}
            for n, user, a in balances
        ]
        walk = 60_000 * numpy.exp(numpy.cumsum(chance.normal(0.002, 0.028, days + 120)))
        facts["prices"] = [
            {"asset": "BTC", "day": first + timedelta(days=n - 120), "close_usdt": round(float(close) * 1e6)}
            for n, close in enumerate(walk)
        ]
        facts["vip_tiers"] = [
            {
                "scheme": "main",
                "level": level,
                "valid_from": datetime(2020, 1, 1),
                "spot_volume_30d": round(v * 1e6),
                "logic": "any",
            }
            for level, v in ((1, 20_000), (2, 120_000), (3, 600_000))
        ]
    _write(home, facts, stated=() if only_trades else ("restrictions", "sessions", "user_status_history"), unknown=only_trades)
    home.close(now=MADE_AT)
    return home


_DAYS = {
    "spot_trades": "executed_at",
    "contract_trades": "executed_at",
    "transfers": "happened_at",
    "balances": "day",
    "prices": None,
}


def _write(home: Home, facts: dict[str, list[dict[str, Any]]], *, stated: tuple[str, ...], unknown: bool) -> None:
    with home.engine(worker=True) as engine, home.lake.writing() as publication:
        for table, rows in facts.items():
            schema = fact_schema(table)
            known = {"version": 1, "source": "exchange"}
            frame = pandas.DataFrame([{column.name: {**known, **row}.get(column.name) for column in schema} for row in rows])
            engine.connection.register("given_frame", frame)
            columns = ", ".join(f"cast({c.name} as {c.type}) as {c.name}" for c in schema)
            engine.connection.execute(f"create or replace temp table given_rows as select {columns} from given_frame")
            column = _DAYS.get(table)
            told = engine.rows(f"select distinct cast({column} as date) from given_rows").values if column else [(None,)]
            for (day,) in sorted(told):
                path = publication.new_path(table, str(day or "all"))
                where = f" where cast({column} as date) = date '{day}'" if day else ""
                publication.add(table, path, rows=engine.write(f"select * from given_rows{where}", path), day=day)
                if day:
                    publication.touch(table, day)
        publication.note("stated", sorted({*facts, *stated}))
        if unknown:
            lacking = ["notional_usdt", "fee_usdt", "via", "role"]
            publication.note("unknown", {"spot_trades": lacking, "contract_trades": lacking, "users": ["vip_level"]})
        publication.commit(now=MADE_AT)
