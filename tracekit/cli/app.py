"""The command group: loads a command's module only when it is asked for, and owns exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from tracekit._version import __version__
from tracekit.cli.exit_code import ExitCode
from tracekit.errors import TracekitError

COMMANDS = {
    "replay": "Run several candidates on a workload, measure them and prove them equal.",
    "notebook": "Run a notebook as it is, and say which cell needs and keeps how much memory.",
    "run": "Run a script as it is, and say how much memory it needs and how it died.",
    "prove": "Prove that two candidates return the same, or show where they differ.",
    "report": "Draw a finished run again as text, Markdown or HTML.",
    "compare": "Two runs or two captures side by side: what grew, and at which call stack.",
    "check": "Replay a baseline's workload and fail when memory grew or an output changed.",
    "bench": "Measure every candidate and its peers on the same queries, side by side.",
    "estimate": "Predict each candidate's memory at any number of keys from small samples.",
    "localdb": "Serve a workload or a DuckDB file to any Oracle driver until Ctrl-C.",
    "doctor": "Is this machine able to measure? What to do where it is not.",
    "workload": "List, build and describe workloads.",
    "shape": "Record what results are like without their values; show it, make rows like it.",
    "serve": "Run the whole trace service and its page on this machine until Ctrl-C.",
    "worker": "Run queued trace jobs, each shard in a fresh process, until Ctrl-C.",
    "deploy": "Write systemd units and an .env.example that run the service for good.",
    "clean": "Show what the cache and the runs take on disk, and remove it.",
}


class Stopped(BaseException):
    """SIGINT or SIGTERM asked us to stop; unwinds everything, and no `except Exception` holds it.

    Not a KeyboardInterrupt: click would turn that into an Abort that forgets which signal it was.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class CommandGroup(click.Group):
    """A group whose commands live in `tracekit.cli.NAME` as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for an unknown name."""
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
        "Exit codes: 0 ok · 1 the check failed · 2 usage, or could not run · "
        "53 a candidate ran out of its memory limit. stdout is data, stderr is messages."
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="tracekit")
def group() -> None:
    """Replay, measure, prove and fix the memory of Python code that reads Oracle.

    Start with `tracekit replay trace-smoke`: it builds a small workload, serves it through a local
    Oracle, fetches it by the legacy and by the fetchmany path, and says which needs less memory
    and whether both return the same.
    """


def main() -> NoReturn:
    """Run the command line and exit with an ExitCode."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A background shell job starts with SIGINT ignored, so the default is not enough.
        signal.signal(number, _stop)
    try:
        # Not group.main(): it would answer a closed stdout with 1, the code of a failed check.
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
        # Whoever read our stdout is gone (`tracekit ... | head`); nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _say(message: str) -> None:
    click.echo(f"tracekit: {message}", err=True)
