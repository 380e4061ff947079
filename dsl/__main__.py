"""``python -m mcompiler.dsl`` writes the tables of the grammar again."""

from mcompiler.dsl.tables import TABLES, generate

TABLES.write_text(generate(), "utf-8")
