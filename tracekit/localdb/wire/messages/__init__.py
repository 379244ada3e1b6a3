"""Oracle Net and TTC messages, one file each: `parse_*` what came, `make_*` what goes out."""
