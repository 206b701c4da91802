"""The process in which a statement of the SQL console runs. Started by `sandbox.py` for one statement; imports nothing of ours.

It reads one job (JSON) from its standard input, ties its own hands, lets DuckDB's parser read the statement, runs it, and writes
lines of JSON: the columns, the rows, and how it ended. From then on it can write no file, reach no file but those it was given, and
use no more memory and time than it was given; whoever got out of DuckDB would find nothing else.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from decimal import Decimal
from typing import Any

Job = dict[str, Any]

ROWS_AT_ONCE = 2_000
# What DuckDB's parser may have made of a statement: anything else is refused, whatever it is.
NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
TABLES = {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "TABLE_FUNCTION", "EXPRESSION_LIST"}
CLASSES = {
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR", "STAR",
    "SUBQUERY", "TYPE", "WINDOW",
}  # fmt: skip
OWN_SCHEMAS = {"", "main", "pg_catalog"}  # what DuckDB itself says of functions that it makes of operators


class Closed(Exception):
    """The statement asks for something that the console does not run."""


def main() -> None:
    job = json.load(sys.stdin.buffer)
    tie_hands(job)
    try:
        run(job)
    except MemoryError:
        say(error={"code": "too_much_memory", "message": ""})
    except Closed as closed:
        say(error={"code": "not_in_console", "message": str(closed)})


def tie_hands(job: Job) -> None:
    """Before DuckDB is loaded: nothing it starts is outside these limits."""
    limits = {"AS": job["address_space"], "CPU": job["cpu_seconds"], "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(job["seconds"] + 5)  # whoever started us kills us before that, unless they died


def run(job: Job) -> None:
    import duckdb

    try:
        connection = opened(job)
        check(connection, job)
        send(connection.execute(job["text"]), job["rows"], job["cell"])
    except duckdb.OutOfMemoryException:
        say(error={"code": "too_much_memory", "message": ""})
    except (duckdb.PermissionException, duckdb.IOException):
        say(error={"code": "not_in_console", "message": "anything but its own tables"})  # the engine's words name paths
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        say(error={"code": "bad_statement", "message": str(error)[:2_000]})
    except duckdb.Error as error:
        say(error={"code": "failed", "message": str(error)[:2_000]})


def opened(job: Job) -> Any:
    """A connection that knows the views, reads their files, and can be told nothing else any more."""
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{job['memory_mb']}MB",
            "threads": job["threads"],
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
        },
    )
    connection.execute("set timezone = 'UTC'").fetchall()
    for view in job["views"]:
        connection.execute(view).fetchall()
    files = ", ".join("'" + path.replace("'", "''") + "'" for path in job["files"])
    connection.execute(f"set allowed_paths = [{files}]").fetchall()
    connection.execute("set enable_external_access = false").fetchall()
    connection.execute("set lock_configuration = true").fetchall()
    return connection


def send(answer: Any, most: int, longest: int) -> None:
    """The columns, then at most `most` rows, then whether there were more."""
    say(columns=[[column[0], str(column[1])] for column in answer.description or ()])
    left = most
    while rows := answer.fetchmany(min(ROWS_AT_ONCE, left + 1)):
        say(rows=[[told(value, longest) for value in row] for row in rows[:left]])
        if len(rows) > left:
            say(end={"has_more": True})
            return
        left -= len(rows)
    say(end={"has_more": False})


def told(value: Any, longest: int) -> Any:
    """A value as JSON takes it; what has no form there is text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return text if len(text) <= longest else text[:longest] + "…"


def check(connection: Any, job: Job) -> None:
    """Refuse what DuckDB's own parser sees that is not allowed."""
    [[text]] = connection.execute("select json_serialize_sql(cast(? as varchar))", [job["text"]]).fetchall()
    read = json.loads(text)
    if read["error"]:
        if read.get("error_type") == "parser":
            connection.extract_statements(job["text"])  # raises what is wrong with it, with its line
        raise Closed("a statement that is not a plain query")
    if len(read["statements"]) != 1:
        raise Closed("several statements at once")
    visit(read["statements"][0]["node"], frozenset(), job)


def visit(node: Any, steps: frozenset[str], job: Job) -> None:
    if isinstance(node, list):
        for each in node:
            visit(each, steps, job)
    if not isinstance(node, dict):
        return
    if "cte_map" in node:
        if node["type"] not in NODES:
            raise Closed(node["type"].lower())
        if node["type"] == "RECURSIVE_CTE_NODE":
            steps = steps | {node["cte_name"].lower()}
        for entry in node["cte_map"]["map"]:
            visit(entry["value"], steps, job)
            steps = steps | {entry["key"].lower()}
        node = {key: value for key, value in node.items() if key != "cte_map"}
    elif "class" in node:
        expression(node, job)
    elif "sample" in node:
        table(node, steps, job)
    for each in node.values():
        visit(each, steps, job)


def expression(node: Any, job: Job) -> None:
    if node["class"] not in CLASSES:
        raise Closed(node["class"].lower())
    if node["class"] in ("FUNCTION", "WINDOW"):
        name = node["function_name"].lower()
        if node.get("schema") not in OWN_SCHEMAS or node.get("catalog") or name not in job["functions"]:
            raise Closed(f"the function {name}")
        if name in job["bounded"]:
            bounded(node, job)
    if node["class"] == "STAR" and node.get("columns") and node.get("expr"):  # without: order by all
        raise Closed("columns(…)")


def bounded(node: Any, job: Job) -> None:
    """A series must say how long it is: whole numbers, written out."""
    numbers = []
    for argument in node.get("children") or [each["expression"] for each in node.get("arguments", ())]:
        value = argument.get("literal", {}).get("text", argument.get("value", {}).get("value"))
        if argument["class"] != "CONSTANT" or not str(value).lstrip("-").isdigit():
            raise Closed("a series whose length is not written out")
        numbers.append(int(value))
    start, stop, step = (0, numbers[0], 1) if len(numbers) == 1 else [*numbers, 1][:3]
    if not step or abs(stop - start) // abs(step) > job["most_generated"]:
        raise Closed("a series of so many numbers")


def table(node: Any, steps: frozenset[str], job: Job) -> None:
    if node["type"] not in TABLES or node.get("sample") or node.get("at_clause"):
        raise Closed(node["type"].lower())
    if node["type"] == "BASE_TABLE":
        name = node["table_name"].lower()
        if node["schema_name"] or node["catalog_name"] or not (name in job["tables"] or name in steps):
            raise Closed(f"the table {name}")
    if node["type"] == "TABLE_FUNCTION" and node["function"].get("function_name", "").lower() not in job["of_tables"]:
        raise Closed("a table function")


def say(**line: Any) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=True, allow_nan=False).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
