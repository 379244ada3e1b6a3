"""Subjects that end in every way a measured child can end; imported by children only."""

import errno
import mmap
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tracekit import process_memory
from tracekit.errors import BatchFailure, BatchFetchError
from tracekit.profiling.subject import Subject

MIB = 2**20


class Holder(Subject):
    """Takes `mib` MiB in steps of one, one row and CID each."""

    def __init__(self, mib, spike_mib=0, warm_up_mib=0):
        self.mib, self.spike_mib, self.warm_up_mib = mib, spike_mib, warm_up_mib

    def prepare(self):
        bytearray(self.warm_up_mib * MIB)  # gone again at the baseline
        blocks = [bytes(1000) for _ in range(self.warm_up_mib * 1000)]
        self.kept = blocks[-1:]  # on top of the freed ones, so the heap cannot shrink by itself

    def run(self, report):
        held = []
        for step in range(self.mib):
            held.append([bytes(975) for _ in range(1024)])  # 1,024 with malloc's header
            report(step + 1, step + 1)
        bytearray(self.spike_mib * MIB)
        return held

    def finish(self, outcome):
        weight = bytearray(64 * MIB)  # must not weigh on the peak
        return {"rows": len(outcome), "weight": len(weight)}


class Slow(Subject):
    """Holds `mib` MiB for a while, so that the parent can look at it."""

    def __init__(self, mib, seconds):
        self.mib, self.seconds = mib, seconds

    def run(self, report):
        held = b"x" * (self.mib * MIB)
        time.sleep(self.seconds)
        return held


class Glutton(Subject):
    """Takes memory until there is none."""

    def run(self, report):
        held = []
        while True:
            held.append(b"x" * MIB)
            report(10 * len(held), len(held))


class GluttonInBatches(Glutton):
    """As the event fetchers tell it: the MemoryError is inside another error."""

    def run(self, report):
        try:
            super().run(report)
        except MemoryError as exc:
            raise BatchFetchError("history", [BatchFailure(0, 1000, exc)], 1) from None


class Disguises(Subject):
    """Holds `mib` MiB and fails with an error that does not speak of memory."""

    def __init__(self, mib, crash=False):
        self.mib, self.crash = mib, crash

    def run(self, report):
        held = bytes(self.mib * MIB)
        if self.crash:
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGSEGV)
        raise ValueError(f"wrapping {len(held)} failed")


class Terminates(Subject):
    """Ends as C++ does when nobody catches a refused allocation."""

    def run(self, report):
        sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
        os.kill(os.getpid(), signal.SIGABRT)


class ThreadGlutton(Subject):
    """Starts threads until no stack can be had."""

    def run(self, report):
        stop = threading.Event()
        try:
            while True:
                threading.Thread(target=stop.wait, daemon=True).start()
        finally:
            stop.set()


class Raiser(Subject):
    def __init__(self, password=""):
        self.password = password

    def run(self, report):
        report(7, 3)
        raise ValueError(f"no luck with {self.password}")


class Exits(Subject):
    def __init__(self, code):
        self.code = code

    def run(self, report):
        os._exit(self.code)


class KillsItself(Subject):
    def __init__(self, number=signal.SIGKILL):
        self.number = number

    def run(self, report):
        held = [b"x" * MIB for _ in range(16)]
        report(len(held), 1)
        os.kill(os.getpid(), self.number)


class Hangs(Subject):
    """Waits for ever, after writing its pid, and that of a process it started, to `pid_file`."""

    def __init__(self, pid_file=None):
        self.pid_file = pid_file

    def run(self, report):
        report(1, 1)
        if self.pid_file:
            other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            part = Path(self.pid_file + ".part")
            part.write_text(f"{os.getpid()} {other.pid}")
            part.rename(self.pid_file)
        self.wait_for_nothing()

    def wait_for_nothing(self):
        threading.Event().wait()


class WorksOnce(Subject):
    """Fails to start when `marker` exists, which its first run leaves."""

    def __init__(self, marker):
        self.marker = Path(marker)

    def prepare(self):
        if self.marker.exists():
            raise RuntimeError("only once")

    def run(self, report):
        self.marker.touch()


class FillsTheDisk(Subject):
    def run(self, report):
        return None

    def finish(self, outcome):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "digests.bin")


class Noisy(Subject):
    """Prints a lot, everywhere."""

    def run(self, report):
        for line in range(20_000):
            sys.stdout.write(f"stdout {line}\n")
            sys.stderr.write(f"stderr {line}\n")
        os.write(1, b"{}\n")
        raise SystemExit(4)


class LooksAtItself(Subject):
    def __init__(self, password):
        self.password = password

    def run(self, report):
        return None

    def finish(self, outcome):
        return {
            "length": len(self.password),
            "modules": sorted(name for name in sys.modules if "." not in name),
            "cmdline": Path("/proc/self/cmdline").read_text(),
            "environ": Path("/proc/self/environ").read_text(),
        }


class BreaksEarly(Subject):
    def prepare(self):
        raise RuntimeError("no database")

    def run(self, report):
        raise AssertionError("never reached")


class BreaksLate(Subject):
    def run(self, report):
        return None

    def finish(self, outcome):
        return Path("/no/such/file").read_text()


class Costs(Subject):
    """Reads `mib` MiB of a file, takes as many in a pool that memray does not see, and its time."""

    def __init__(self, file, mib):
        self.file, self.mib = Path(file), mib

    def prepare(self):
        import pyarrow as pa

        self.pool = pa.mimalloc_memory_pool()
        self.file.write_bytes(bytes(self.mib * MIB))
        process_memory.reset_peak = lambda: "the peak is that from the start"
        self.began = time.perf_counter(), time.process_time()

    def run(self, report):
        import pyarrow as pa

        with self.file.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for offset in range(0, len(mapped), mmap.PAGESIZE):
            mapped[offset]
        return mapped, pa.allocate_buffer(self.mib * MIB, memory_pool=self.pool)

    def finish(self, outcome):
        wall_seconds = time.perf_counter() - self.began[0]
        return {
            "wall_seconds": wall_seconds,
            "cpu_seconds": time.process_time() - self.began[1],
        }


class CannotFork(Subject):
    def refuse(self):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def run(self, report):
        os.fork = self.refuse
        for step in range(4):
            report(step, step)


class FillsItsCapture(Subject):
    """Allocates often, while no file may grow past 256 KiB."""

    def prepare(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))

    def run(self, report):
        held = [bytes(600) for _ in range(200_000)]
        sys.stderr.write("chatter\n" * 10_000)
        return held
