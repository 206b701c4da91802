"""Keyed hashing: one function for assignment and sampling, the same in Python and in SQL.

DuckDB's `hash(a, b)` combines its arguments by xor, so two salts give dependent values. MD5 over `salt|key` is keyed, spreads evenly,
and exists with the same answer in every engine; it is not used to keep a secret.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

BUCKETS = 10_000


def bucket(salt: str, key: str, *, buckets: int = BUCKETS) -> int:
    """The bucket, 0 to `buckets - 1`, of `key` under `salt`. `bucket_sql` is the same in SQL."""
    digest = hashlib.md5(f"{salt}|{key}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % buckets


def bucket_sql(salt: str, key: str, *, dialect: str = "duckdb", buckets: int = BUCKETS) -> str:
    """`bucket` as an expression of an engine: `salt` and `key` are expressions themselves."""
    digits = f"substr(md5({salt} || '|' || {key}), 1, 8)"
    number = f"'0x' || {digits}" if dialect == "duckdb" else f"conv({digits}, 16, 10)"
    return f"cast({number} as bigint) % {buckets}"


def content_hash(content: Any) -> str:
    """SHA-256 (first 16 hex digits) of a JSON-able value in canonical form: the name of a definition's version."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
