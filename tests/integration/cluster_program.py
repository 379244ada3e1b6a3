"""`python -m tests.integration.cluster_program ray|spark`: fetch on a cluster, prove it, say how.

A program of its own: both leave processes and sockets to the interpreter's exit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tracekit import KeyedFetcher, LocalOracle, Query, prove
from tracekit.keyed.partition import Partition
from tracekit.trace import domain_query


def with_ray(tasks: Sequence[Partition]) -> Any:
    import ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=2**28,  # its default, a third of the memory, may exceed /dev/shm
        _node_ip_address="127.0.0.1",
    )
    fetch = ray.remote(Partition.__call__)
    dataset = ray.data.from_arrow_refs([fetch.remote(task) for task in tasks])
    return pa.concat_tables(ray.get(dataset.to_arrow_refs()))


def with_spark(tasks: Sequence[Partition]) -> Any:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spread = builder.getOrCreate().sparkContext.parallelize(tasks, len(tasks))
    return spread.flatMap(lambda task: task().to_pylist()).collect()


def main() -> None:
    cluster = {"ray": with_ray, "spark": with_spark}[sys.argv[1]]
    with LocalOracle("trace-tiny") as oracle:
        os.environ["DB_PASSWORD"] = oracle.password
        query = domain_query("history")
        small = Query(query.sql, key=query.key_columns, keys_per_statement=10)
        fetcher, keys = KeyedFetcher(oracle.database, small), oracle.keys()
        proof = prove(cluster(fetcher.partitions(keys)), fetcher.records(keys), key="CONTAINERID")
        sys.stdout.write(f"\nlevel {proof.level}\n")


if __name__ == "__main__":
    main()
