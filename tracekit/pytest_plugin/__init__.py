"""The pytest plugin: fail a test whose memory peak grows.

It is loaded in every pytest run of an environment with tracekit, so importing it loads nothing
heavy; memray, psutil and the rest are loaded with the first measured test.
"""
