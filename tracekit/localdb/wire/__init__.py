"""Oracle Net and TTC as bytes: parse what a client sends, make what a server answers; no I/O."""
