"""The command group: loads a command's module only when needed, and sets exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from tracekit._version import __version__
from tracekit.cli.exit_code import ExitCode
from tracekit.errors import TracekitError

COMMANDS = {
    "replay": "Run several candidates on a workload, measure them and prove them equal.",
    "notebook": "Run a notebook as it is, and report how much memory each cell needs and keeps.",
    "run": "Run a script as it is, and report how much memory it needs and how it ended.",
    "prove": "Prove that two candidates return the same result, or show where they differ.",
    "report": "Show a finished run again as text, Markdown, HTML or JSON.",
    "compare": "Compare two runs or two captures: what grew, and at which call stack.",
    "check": "Replay a baseline's workload; fail if memory grew or an output changed.",
    "bench": "Measure every candidate and its peers on the same queries, side by side.",
    "estimate": "Predict each candidate's memory at any number of keys from small samples.",
    "localdb": "Serve a workload or a DuckDB file to any Oracle driver until Ctrl-C.",
    "doctor": "Check whether this machine can measure, and what to do if it cannot.",
    "workload": "List, build and describe workloads.",
    "shape": "Record statistics of results without their values; generate rows from them.",
    "serve": "Run the whole trace service and its page on this machine until Ctrl-C.",
    "worker": "Run queued trace jobs, each shard in a fresh process, until Ctrl-C.",
    "deploy": "Write systemd units and an .env.example for running the service permanently.",
    "clean": "Show how much disk space the cache and the runs use, and remove them.",
}


class Stopped(BaseException):
    """Raised on SIGINT or SIGTERM; unwinds everything, past every `except Exception`.

    Not a KeyboardInterrupt: click would turn that into an Abort without the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class CommandGroup(click.Group):
    """A group whose commands live in `tracekit.cli.NAME` as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which users meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"tracekit.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command table, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 ok · 1 the check failed · 2 usage error, or could not run · "
        "53 a candidate ran out of memory. stdout has data, stderr has messages."
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="tracekit")
def group() -> None:
    """Replay, measure, prove and fix the memory of Python code that reads Oracle.

    Start with `tracekit replay trace-smoke`. It builds a small workload, serves it from a local
    Oracle, fetches it in the legacy way and in several others, and reports which needs less memory
    and whether all return the same result.
    """


def main() -> NoReturn:
    """Run the command line and exit with an ExitCode."""
    _open_closed_streams()
    for number in (signal.SIGINT, signal.SIGTERM):
        # A background shell job starts with SIGINT ignored, so the default handler is not enough.
        signal.signal(number, _stop)
    try:
        # Not group.main(): it exits with 1, the code of a failed check, if stdout is closed.
        with group.make_context("tracekit", sys.argv[1:]) as context:
            code = group.invoke(context)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except Stopped as exc:
        _say(f"stopped by {exc}")
        sys.exit(ExitCode.TERMINATED if exc.number == signal.SIGTERM else ExitCode.INTERRUPTED)
    except click.ClickException as exc:
        exc.show()
        sys.exit(ExitCode.COULD_NOT_RUN)
    except TracekitError as exc:
        _say(f"error: {exc}")
        sys.exit(ExitCode.COULD_NOT_RUN)
    except BrokenPipeError:
        # The reader of our stdout has gone (`tracekit ... | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
    except OSError as exc:
        _say(f"error: {exc}")  # stdout is a full disk, or the current folder is gone
        sys.exit(ExitCode.COULD_NOT_RUN)
    except Exception:  # Python's own exit code would be 1, that of a failed check
        traceback.print_exc()
        _say("error: this is a defect of tracekit. Please report it with the lines above")
        sys.exit(ExitCode.COULD_NOT_RUN)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _open_closed_streams() -> None:
    """Give stdout and stderr a place to go if they were closed (`tracekit ... >&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (open until the end)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _say(message: str) -> None:
    click.echo(f"tracekit: {message}", err=True)
