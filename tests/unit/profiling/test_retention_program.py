"""Who is named in a program of its own: tasks, threads' own variables, cells of a notebook."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, threading
from tracekit.profiling.retention import retention

def blocks():
    return [bytes([n]) * 2**18 for n in range(8)]

async def work(done):
    in_task = blocks()
    await done.wait()

local = threading.local()
ready, end = threading.Event(), threading.Event()

def run():
    local.kept = blocks()
    ready.set()
    end.wait()

def cell():
    in_cell = blocks()
    return retention()

async def main():
    done = asyncio.Event()
    task = asyncio.create_task(work(done), name="fetch")
    await asyncio.sleep(0)
    code = cell.__code__.replace(co_filename="<ipython-input-7-0a1b2c>")
    cell.__code__ = code
    found = cell()
    done.set()
    await task
    return found

thread = threading.Thread(target=run)
thread.start()
ready.wait()
found = asyncio.run(main())
end.set()
for holder in sorted(found.holders, key=lambda each: each.name):
    if holder.retained_bytes > 2**20 and holder.name in ("in_task", "local", "in_cell"):
        print(holder.name, holder.where, holder.retained_bytes >> 20, holder.contents)
"""


def test_tasks_and_what_threads_keep_are_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "in_cell cell (In [7]:22) 2 list of 8 x bytes",
        "in_task work (<string>:10), task fetch 2 list of 8 x bytes",
        "local __main__ 2 _local -> kept: list -> 8 x bytes",
    ], done.stderr
