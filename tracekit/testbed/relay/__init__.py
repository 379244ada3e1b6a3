"""The relay: a local server that runs each statement on a real database and records the traffic.

It is a backend of the local Oracle, so a redirected program speaks Oracle Net with it as with the
database. `Relay` starts it in a separate process.
"""
