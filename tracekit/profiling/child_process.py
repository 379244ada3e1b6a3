"""One measured child as its parent handles it: start, listen, end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from tracekit.errors import ProfileError
from tracekit.profiling.child_environment import child_environment
from tracekit.profiling.messages import Assignment, Message
from tracekit.profiling.retention import Trigger

STDERR_TAIL_BYTES = 16 * 1024
ABORT_GRACE_SECONDS = 2.0
_READ_BYTES = 65_536
_MEMRAY_GAVE_UP = (b"Memray ERROR", b"deactivating tracking")


@contextmanager
def measured_child(
    factory: str,
    arguments: Mapping[str, Any],
    *,
    secrets: Mapping[str, str],
    capture: str | None = None,
    children: bool = False,
    memory_limit_bytes: int | None = None,
    retention: Trigger | None = None,
    search_path: Sequence[str] = (),
) -> Iterator[ChildProcess]:
    """Run a child on one assignment; it ends with the block, with all processes it started.

    Raises:
        ProfileError: no process could be started.
    """
    hidden = [secret for secret in secrets.values() if secret]
    read_fd, write_fd = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tracekit.profiling.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(write_fd,),
            start_new_session=True,
            env=child_environment(os.environ, hidden),
        )
    except OSError as exc:
        os.close(read_fd)
        raise ProfileError(f"the process to be measured could not be started: {exc}") from exc
    finally:
        os.close(write_fd)
    child = ChildProcess(process, read_fd, hidden)
    try:
        child.send(
            Assignment(
                factory=factory,
                arguments={**arguments, **secrets},
                message_fd=write_fd,
                parent_pid=os.getpid(),
                capture=capture,
                children=children,
                memory_limit_bytes=memory_limit_bytes,
                retention=retention,
                search_path=tuple(search_path),
            )
        )
        yield child
    finally:
        child.end()


class ChildProcess:
    """A started child, leader of its own session and process group.

    Its standard output is discarded; of its standard error the last 16 KiB are kept.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], message_fd: int, secrets: Iterable[str]
    ) -> None:
        self._process = process
        self._message_fd = message_fd
        self._secrets = tuple(secrets)
        self._decoder = msgspec.json.Decoder(Message)
        self._unread = b""
        self._stderr = bytearray()
        self._tracking_lost = False
        self._selector = selectors.DefaultSelector()
        assert process.stderr is not None
        for fd in (message_fd, process.stderr.fileno()):
            self._selector.register(fd, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Process id, which is also its process group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code once it ended; minus the signal's number if it was killed."""
        return self._process.returncode

    @property
    def tracking_lost(self) -> bool:
        """Whether memray stopped tracking early, which it reports only on standard error."""
        return self._tracking_lost

    @property
    def stderr_tail(self) -> str:
        """The end of what it wrote on standard error, without secrets."""
        return self.redacted(self._stderr.decode("utf-8", errors="replace"))

    def redacted(self, text: str) -> str:
        """`text` with every secret replaced."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def send(self, assignment: Assignment) -> None:
        """Hand over the work. If a child died at its start, its exit code says so."""
        stdin = self._process.stdin
        assert stdin is not None
        # The pipe stays open: without PR_SET_PDEATHSIG, its end tells the child that its
        # parent has ended.
        with contextlib.suppress(BrokenPipeError):
            stdin.write(msgspec.json.encode(assignment) + b"\n")
            stdin.flush()

    def messages(self, tick_seconds: float) -> Iterator[Message | None]:
        """The child's messages, and None every `tick_seconds`, until it has ended."""
        next_tick = time.monotonic()
        while self._process.poll() is None:
            yield from self._read(self._selector.select(max(0.0, next_tick - time.monotonic())))
            if time.monotonic() >= next_tick:
                yield None
                next_tick = time.monotonic() + tick_seconds
        # A process the child started may keep the pipes open: read only what is there.
        while self._selector.get_map() and (ready := self._selector.select(0.0)):
            yield from self._read(ready)

    def abort(self) -> None:
        """Kill it; a Python process writes the stacks of all its threads first."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGABRT)  # faulthandler answers it
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ABORT_GRACE_SECONDS)
        self._kill_group()

    def end(self) -> None:
        """Kill what is left of it and its process group, and close the pipes."""
        self._kill_group()
        self._process.wait()
        self._selector.close()
        os.close(self._message_fd)
        for pipe in (self._process.stdin, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _read(self, ready: list[tuple[selectors.SelectorKey, int]]) -> Iterator[Message]:
        for key, _ in ready:
            chunk = os.read(key.fd, _READ_BYTES)
            if not chunk:
                self._selector.unregister(key.fd)
            elif key.fd == self._message_fd:
                yield from self._decode(chunk)
            else:
                self._stderr += chunk
                self._tracking_lost |= all(words in self._stderr for words in _MEMRAY_GAVE_UP)
                del self._stderr[:-STDERR_TAIL_BYTES]

    def _decode(self, chunk: bytes) -> Iterator[Message]:
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            yield self._decoder.decode(line)
