"""One experiment: run candidates on a workload, compare their outputs, judge."""
