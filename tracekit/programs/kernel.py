"""A fresh Jupyter kernel of the current Python that runs one notebook, in a thread."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracekit.extras import extra

if TYPE_CHECKING:
    from nbformat import NotebookNode

_WATCHER = "tracekit.programs.kernel_watcher"
_START_SECONDS = 60
_END_SECONDS = 10.0
_STDERR_TAIL_BYTES = 16 * 1024


class NotebookKernel:
    """Runs the cells of one notebook from the first to the last, as Jupyter's "Run All" does.

    It stops at the first error, unless the cell is tagged `raises-exception`. Outputs are written
    into `notebook`. The kernel runs in its own session; no process of it is left at the end.

    Args:
        notebook: The notebook to run; it is filled with outputs.
        folder: The kernel's working folder; Jupyter uses the notebook's own.
        environment: The kernel's whole environment.
        stderr: File for the kernel's own standard error, such as its last messages.

    Raises:
        MissingExtra: Jupyter's client or its kernel is not installed.
    """

    def __init__(
        self, notebook: NotebookNode, folder: Path, environment: Mapping[str, str], stderr: Path
    ) -> None:
        jupyter_client, nbclient = _jupyter()
        self._folder = folder
        self._environment = dict(environment)
        self._stderr = stderr
        self._manager: Any = jupyter_client.AsyncKernelManager(
            kernel_spec_manager=_this_python(jupyter_client)
        )
        self._manager.shutdown_wait_time = 2.0
        self._client = nbclient.NotebookClient(
            notebook,
            km=self._manager,
            timeout=None,
            startup_timeout=_START_SECONDS,
            extra_arguments=[f"--IPKernelApp.extra_extensions={_WATCHER}"],
            resources={"metadata": {"path": str(folder)}},
            on_cell_execute=self._executes,
        )
        self.executed: list[int] = []
        """Positions of the cells that were sent to the kernel, in order."""
        self.error: BaseException | None = None
        """The reason why the run ended early; None if every cell ran."""
        self._process: subprocess.Popen[bytes] | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracekit-notebook", daemon=True)

    def start(self) -> None:
        """Start the kernel and run the cells."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the run, up to a time limit; whether it has ended."""
        return self._done.wait(seconds)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The kernel's process; None before it was started."""
        provisioner = self._manager.provisioner
        if self._process is None and provisioner is not None:
            self._process = provisioner.process  # which forgets it once it has ended
        return self._process

    def signal(self, number: int) -> None:
        """Send a signal to the kernel, if it is running."""
        process = self.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def end(self, children: Iterable[int] = ()) -> None:
        """Kill the remaining processes of the kernel.

        Args:
            children: Its descendants, for those that left its process group.
        """
        process = self.process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for pid in children:
                if _is_of_session(pid, process.pid):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
        self._thread.join(_END_SECONDS)

    def last_words(self) -> str:
        """The end of the kernel's standard error."""
        with contextlib.suppress(OSError):
            return self._stderr.read_bytes()[-_STDERR_TAIL_BYTES:].decode("utf-8", "replace")
        return ""

    def _run(self) -> None:
        try:
            asyncio.run(self._execute())
        except BaseException as exc:  # however it ends, the caller needs a result
            self.error = exc
        finally:
            # A kernel that died before it was ready leaves this behind, which then fails.
            atexit.unregister(self._client._cleanup_kernel)
            self._done.set()

    async def _execute(self) -> None:
        with self._stderr.open("wb") as stderr:
            await self._client.async_execute(
                cleanup_kc=True,
                env=self._environment,
                cwd=str(self._folder),
                stdout=subprocess.DEVNULL,  # cells print through the client
                stderr=stderr,
            )

    def _executes(self, cell: Any, cell_index: int) -> None:
        self.executed.append(cell_index)


def kernel_environment(environ: Mapping[str, str], **ours: str) -> dict[str, str]:
    """The environment of a watched kernel: the user's own, with Arrow's pool set to the system's.

    Arrow's default pool reserves 1 GiB of address space at its first use, which would count towards
    a memory limit.
    """
    return {"ARROW_DEFAULT_MEMORY_POOL": "system", **environ, **ours}


def _this_python(jupyter_client: Any) -> Any:
    class ThisPython(jupyter_client.kernelspec.KernelSpecManager):  # type: ignore[misc]
        """Knows one kernel: this interpreter, so that the watcher can be loaded."""

        def get_kernel_spec(self, kernel_name: str) -> Any:
            return jupyter_client.kernelspec.KernelSpec(
                argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                display_name="Python 3",
                language="python",
            )

    return ThisPython()


def _jupyter() -> tuple[Any, Any]:
    with extra("notebook"):
        import ipykernel  # noqa: F401 - the kernel process needs it
        import jupyter_client.kernelspec
        import nbclient
    return jupyter_client, nbclient


def _is_of_session(pid: int, session: int) -> bool:
    """Whether a process is still the descendant, and not another one with the same id."""
    with contextlib.suppress(OSError, ProcessLookupError):
        return os.getsid(pid) == session or os.stat(f"/proc/{pid}").st_uid == os.getuid()  # noqa: PTH116
    return False
