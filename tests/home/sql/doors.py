"""Run by an interpreter with a DuckDB of its own: what the reader of statements in the child says of each, and the locked engine alone.

python -I doors.py FOLDER < job

FOLDER has child.py; the job is one of the sandbox, with `statements`. Prints {name: [what the reader said, what the engine gave]}.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

sys.path.append(sys.argv[1])
child = import_module("child")
job = json.load(sys.stdin)
child.tie_hands(job)
connection = child.opened(job)
said = {}
for name, text in job["statements"].items():
    try:
        child.check(connection, {**job, "text": text})
        read = "let in"
    except Exception as refused:
        read = f"{type(refused).__name__}: {refused}"
    try:
        gave = str(connection.execute(text).fetchmany(100))
    except Exception as error:
        gave = f"{type(error).__name__}"
    said[name] = [read, gave]
print(json.dumps(said))
