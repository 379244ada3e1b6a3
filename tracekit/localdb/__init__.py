"""The local Oracle: a server that speaks Oracle Net in front of DuckDB."""
