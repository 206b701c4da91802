"""Files without the columns that somebody may not see, made from those of the lake.

A file of the lake never changes, so its copy is made once, when somebody without the right first asks for its table, and is used by
everybody who may see the same columns. Copies lie in the home under `sql/files/<table>-<which columns>/`, named as their originals.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.lake.manifest import LakeFile
from springtide.home.sql.tables import Rights, ShownTable, stored_columns
from springtide.kernel.ids import content_hash


def open_files(
    engine: Engine, snapshot: Snapshot, folder: Path, table: ShownTable, entries: Iterable[LakeFile], rights: Rights
) -> list[Path]:
    """Files that hold what somebody with these rights may see of `table`, and nothing more of what needs a right.

    writes     copies into `folder` where the lake's own files hold more
    """
    entries = tuple(entries)
    if not table.closed_to(rights) and not table.condition(rights):
        return [(snapshot.root / entry.path).absolute() for entry in entries]
    columns, rows = stored_columns(table, rights), table.condition(rights)
    own = folder.absolute() / f"{table.stored}-{content_hash([columns, rows])}"
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [_copy(engine, snapshot.root / entry.path, own, columns, rows) for entry in entries]


def _copy(engine: Engine, original: Path, folder: Path, columns: Iterable[str], rows: str) -> Path:
    copy = folder / original.name
    if not copy.is_file():
        draft = (
            folder / f".{original.name}.{secrets.token_hex(4)}"
        )  # two may make it at once: the last rename wins, and both are equal
        engine.view("original", [original], ())
        there = engine.rows("select * from original limit 0").columns
        listed = ", ".join(f'"{name}"' for name in columns if name in there)
        engine.write(f"select {listed} from original" + (f" where {rows}" if rows else ""), draft)
        draft.chmod(0o600)
        draft.replace(copy)
    return copy


def sweep(snapshot: Snapshot, folder: Path) -> int:
    """Delete the copies whose originals are gone from the lake; returns how many went."""
    kept = {Path(path).name for path in snapshot.manifest.superseded}
    kept |= {Path(file.path).name for files in snapshot.manifest.tables.values() for file in files}
    gone = [path for path in folder.glob("*/*.parquet") if not path.name.startswith(".") and path.name not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
