"""The matrix of compliance: who may be given what, by jurisdiction, instrument and client type, with dates. What no row says is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from springtide.analytics.engine import Column, Schema
from springtide.analytics.foresight.benefit import INSTRUMENTS
from springtide.kernel.errors import BadInput, suggest

CLIENTS: Final = ("retail", "pro", "institution")
STRICTEST_FIRST: Final = ("none", "restricted", "allowed")
MATRIX: Schema = (
    Column("jurisdiction", "varchar", False),
    Column("user_type", "varchar", False),
    Column("verdict", "varchar", False),
)
_ROW: Final = ("where", "verdict", "since", "why", "until", "instruments", "clients")


class BadMatrix(BadInput):
    """A matrix that cannot be read; the message names the row."""

    default_code = "bad_matrix"


@dataclass(frozen=True)
class MatrixRow:
    """A row as it holds from `since` through `until`: jurisdictions with the groups named out."""

    where: frozenset[str]
    instruments: frozenset[str]
    clients: frozenset[str]
    verdict: str
    since: date
    until: date | None
    why: str

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True)
class Matrix:
    """`minimum_kyc`: instrument → the least KYC level."""

    version: int
    minimum_kyc: Mapping[str, int]
    rows: tuple[MatrixRow, ...]

    def verdict(self, jurisdiction: str, instrument: str, client: str, *, on: date) -> str | None:
        """The strictest of what the rows of the day say; null where none speaks of it."""
        said = {
            row.verdict
            for row in self.rows
            if row.holds(on) and jurisdiction in row.where and instrument in row.instruments and client in row.clients
        }
        return next((verdict for verdict in STRICTEST_FIRST if verdict in said), None)

    def table(self, instrument: str, *, on: date) -> list[tuple[str, str, str]]:
        """Rows of MATRIX for one instrument on a day."""
        everywhere = sorted({place for row in self.rows for place in row.where})
        cells = ((place, client, self.verdict(place, instrument, client, on=on)) for place in everywhere for client in CLIENTS)
        return [(place, client, verdict) for place, client, verdict in cells if verdict]


@cache
def shipped_matrix() -> Matrix:
    """The matrix that ships: a beginning, which compliance goes through before it is used."""
    return matrix_of(shipped_matrix_body())


def shipped_matrix_body() -> dict[str, Any]:
    """The same as a definition's body."""
    body = yaml.safe_load(resources.files(__package__).joinpath("shipped", "matrix.yml").read_text(encoding="utf-8"))
    return {name: value for name, value in body.items() if name != "version"}


def matrix_of(body: Mapping[str, Any]) -> Matrix:
    """The matrix that a definition's body says. Days may be texts: a body that came as JSON has no others.

    refuses    bad_matrix    an unknown key, instrument, client type or verdict; a row without days, places or a reason
    """
    for key in body:
        if key not in ("key", "version", "title", "minimum_kyc", "groups", "rows"):
            raise BadMatrix(
                f"The matrix has the unknown key {key!r}.", suggest(str(key), ("title", "minimum_kyc", "groups", "rows"))
            )
    groups, rows = body.get("groups", {}), body.get("rows")
    if not isinstance(groups, Mapping) or not isinstance(rows, list) or not rows:
        raise BadMatrix(
            "The matrix has no list of rows, or its groups are no lists.", "Write 'rows:' and under it '- where: [GB]' …"
        )
    return Matrix(
        int(body.get("version", 1)),
        _kyc(body.get("minimum_kyc")),
        tuple(_row(row, place, groups) for place, row in enumerate(rows, 1)),
    )


def _kyc(told: Any) -> dict[str, int]:
    if (
        not isinstance(told, Mapping)
        or set(told) != set(INSTRUMENTS)
        or not all(type(level) is int and level >= 0 for level in told.values())
    ):
        raise BadMatrix(f"minimum_kyc is {told!r}.", f"Give a level from 0 for each of {', '.join(INSTRUMENTS)}.")
    return dict(told)


def _row(row: Any, place: int, groups: Mapping[str, Any]) -> MatrixRow:
    name = f"Row {place} of the matrix"
    if not isinstance(row, Mapping):
        raise BadMatrix(f"{name} is not a list of keys and values.", f"It has the keys {', '.join(_ROW)}.")
    if odd := next((key for key in row if key not in _ROW), None):
        raise BadMatrix(f"{name} has the unknown key {odd!r}.", suggest(str(odd), _ROW))
    if missing := next((key for key in ("where", "verdict", "since", "why") if not row.get(key)), None):
        raise BadMatrix(f"{name} lacks '{missing}'.", "Each row says where, which verdict, since when, and why.")
    where = _among(row["where"], None, f"{name}, where")
    verdict = _among([row["verdict"]], STRICTEST_FIRST, f"{name}, verdict")
    return MatrixRow(
        where=frozenset(each for one in where for each in groups.get(one, [one])),
        instruments=frozenset(_among(row.get("instruments", INSTRUMENTS), INSTRUMENTS, f"{name}, instruments")),
        clients=frozenset(_among(row.get("clients", CLIENTS), CLIENTS, f"{name}, clients")),
        verdict=verdict[0],
        since=_day(row["since"], name),
        until=_day(row["until"], name) if row.get("until") else None,
        why=str(row["why"]),
    )


def _among(told: Any, allowed: Iterable[str] | None, name: str) -> list[str]:
    values = list(told) if isinstance(told, list | tuple) else []
    if not values or not all(isinstance(one, str) and one for one in values):
        raise BadMatrix(f"{name} is {told!r}.", "Write a list of texts, such as [GB, SG]; NO needs quotes.")
    if allowed is not None and (odd := next((one for one in values if one not in allowed), None)):
        raise BadMatrix(f"{name} names '{odd}'.", suggest(odd, allowed))
    return values


def _day(told: Any, name: str) -> date:
    try:
        return told if isinstance(told, date) else date.fromisoformat(told)
    except (TypeError, ValueError) as bad:
        raise BadMatrix(f"{name}: '{told}' is not a day.", "Write it as 2026-03-01.") from bad
