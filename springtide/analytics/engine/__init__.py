"""The one room that knows DuckDB and Spark: restricted SQL, its linter, its translation, and running it."""

from springtide.analytics.engine.duck import DuckEngine
from springtide.analytics.engine.engine import Column, ColumnType, Definition, Engine, Rows, Schema, Walk, definition, walk

__all__ = ["Column", "ColumnType", "Definition", "DuckEngine", "Engine", "Rows", "Schema", "Walk", "definition", "walk"]
