"""The relay: a local server that runs each statement on a real database and looks at what passes.

It is a backend of the local Oracle, so a program that is redirected to it talks Oracle Net to it
as it would to the database. `Relay` starts it as a process of its own.
"""
