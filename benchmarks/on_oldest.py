"""Run in an interpreter that has another DuckDB and nothing of ours: the steps of a file, their answers into a folder.

`python on_oldest.py STEPS FOLDER` prints, as JSON, the version and what DuckDB said of the queries that did not run.
"""

import json
import pickle
import sys
from pathlib import Path

import duckdb


def run(steps: list[tuple[str, dict[str, object], dict[str, Path]]], folder: Path) -> dict[int, str]:
    refusals: dict[int, str] = {}
    for place, (sql, params, tables) in enumerate(steps):
        with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
            connection.execute("set timezone = 'UTC'")
            try:
                for name, path in tables.items():
                    connection.execute(f"create temp view {name} as select * from read_parquet('{path}')")
                connection.execute(f"copy ({sql}) to '{folder}/{place}.parquet' (format parquet)", params).fetchall()
            except duckdb.Error as refused:
                refusals[place] = str(refused)
    return refusals


if __name__ == "__main__":
    given, answers = map(Path, sys.argv[1:])
    said = run(pickle.loads(given.read_bytes()), answers)
    print(json.dumps({"version": duckdb.__version__, "refusals": said}))
