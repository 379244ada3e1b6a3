"""Run candidates on a workload, compare their outputs, and judge them."""
