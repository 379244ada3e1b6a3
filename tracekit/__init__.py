"""tracekit: replay, measure, prove and fix the memory of code that reads Oracle."""
