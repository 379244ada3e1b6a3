"""`python -m tests.fuzz`: mutated sessions against the codec and against a server process.

On a failure it prints the case and the spoiled request in hex; `--only` runs that case again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing

from tests.fuzz.cases import Failure
from tests.fuzz.codec import CodecFuzz
from tests.fuzz.sockets import SocketFuzz

_SOCKETS_SHARE = 20


def main() -> int:
    """Run what the arguments say; exit code 1 on a failure."""
    arguments = _parse()
    seed = arguments.seed
    codec_cases = range(arguments.first, arguments.first + arguments.count)
    sockets = arguments.count // _SOCKETS_SHARE if arguments.sockets is None else arguments.sockets
    socket_cases = range(arguments.first, arguments.first + sockets)
    if arguments.only is not None:
        codec_cases = socket_cases = range(arguments.only, arguments.only + 1)
    print(f"seed {seed}: {len(codec_cases):,} codec, {len(socket_cases):,} socket cases")
    try:
        if arguments.where != "sockets":
            codec = CodecFuzz(seed)
            codec.run(codec_cases, _progress("codec", len(codec_cases)))
            for outcome, times in sorted(codec.outcomes.items(), key=lambda pair: -pair[1]):
                print(f"  {times:>9,}  {outcome}")
            print(f"  {codec.growth.describe()}")
        if arguments.where != "codec" and socket_cases:
            with closing(SocketFuzz(seed)) as server:
                server.run(socket_cases, _progress("sockets", len(socket_cases)))
                print(f"  {server.growth.describe()}")
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    print("every message was survived")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="cases against the codec")
    parser.add_argument("--sockets", type=int, help="cases over sockets (default: count / 20)")
    parser.add_argument("--seed", type=int, default=1, help="decides every case (default 1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="run this case alone")
    parser.add_argument("--where", choices=("both", "codec", "sockets"), default="both")
    return parser.parse_args()


def _progress(what: str, total: int) -> Callable[[int], None]:
    start = time.monotonic()
    every = max(1000, total // 50 // 1000 * 1000)

    def show(done: int) -> None:
        if done % every == 0 or done == total:
            seconds = time.monotonic() - start
            print(f"{what}: {done:>9,} of {total:,}, {done / seconds:,.0f} a second", flush=True)

    return show


if __name__ == "__main__":
    sys.exit(main())
