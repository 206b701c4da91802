"""The lake: plain Parquet files, and one manifest that says which of them count.

A publish writes files, makes them durable, then swaps the manifest by one atomic rename. There is one writer (a lock) and any number
of readers, each of which pins the manifest it began with and never waits. A crash leaves orphans, which the next writer sweeps.
"""

from springtide.analytics.lake.compaction import compact
from springtide.analytics.lake.lake import Lake, Publication, Snapshot
from springtide.analytics.lake.manifest import LakeFile, Manifest

__all__ = ["Lake", "LakeFile", "Manifest", "Publication", "Snapshot", "compact"]
