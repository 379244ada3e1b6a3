"""Oracle Net and TTC messages, one per file: `parse_*` for requests, `make_*` for replies."""
