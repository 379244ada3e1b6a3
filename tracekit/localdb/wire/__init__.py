"""Oracle Net and TTC as bytes: parse requests and build replies, without I/O."""
