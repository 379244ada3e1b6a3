"""The pytest plugin: fail a test whose memory peak grows.

Loaded in every pytest run of an environment tracekit is installed in, so importing it loads
nothing heavy; memray, psutil and the rest come with the first test that is measured.
"""
