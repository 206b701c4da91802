"""Rows named by their keys, however many: the keys travel to the database as one value."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL


def among(column: str, keys: Iterable[str]) -> Q:
    """The condition that a column of text is one of `keys`."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__in": RawSQL("select unnest(%s::text[])", [list(keys)])})
    return Q(**{f"{column}__in": RawSQL("select value from json_each(%s)", [json.dumps(list(keys))])})
