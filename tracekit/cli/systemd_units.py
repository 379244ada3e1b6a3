"""systemd units and an environment file for the trace service on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracekit.config import VARIABLES
from tracekit.errors import ConfigError

_TEMPLATES = Path(__file__).parent / "systemd"
_FILES = {
    "tracekit.target": "tracekit.target",
    "tracekit-web.service": "tracekit-web.service",
    "tracekit-worker@.service": "tracekit-worker@.service",
    ".env.example": "env.example",
}
_HOMES = tuple(map(PurePosixPath, ("/home", "/root", "/run/user")))  # as ProtectHome= has it
_SPECIAL = set("\"'\\$\n\r")
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "%": "%%"})


@dataclass(frozen=True)
class Deployment:
    """The facts about their machine that the units need."""

    python: PurePosixPath
    """Interpreter that has `tracekit[service]` installed."""
    user: str
    bind: str
    """Address and port that the web process listens on."""
    environment_file: PurePosixPath
    workers: int
    threads: int
    web_memory_bytes: int
    """MemoryMax; memory is reclaimed and the process slowed down from 7/8 of it on (MemoryHigh)."""
    worker_memory_bytes: int
    """MemoryMax of a worker and the process of its shard together."""
    stop_seconds: int
    """How long a running shard may continue after its worker was told to stop."""
    results_dir: Path | None = None


def unit_files(deployment: Deployment) -> dict[str, str]:
    """The files by name, including the example of the environment file.

    Raises:
        ConfigError: a path is not absolute, or has characters that systemd does not allow.
    """
    for path in (deployment.python, deployment.environment_file):
        if not path.is_absolute() or _SPECIAL & set(str(path)):
            raise ConfigError(f"{str(path)!r}: expected an absolute path without quotes, \\ and $")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,  # noqa: S701 - no markup: what systemd reads into is escaped by filters
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"word": _word, "path": _path}
    values = {
        **vars(deployment),
        "web_memory": deployment.web_memory_bytes,
        "worker_memory": deployment.worker_memory_bytes,
        "protect_home": "read-only" if _in_a_home(deployment.python) else "yes",
        "groups": VARIABLES,
    }
    return {
        name: environment.get_template(template).render(values).rstrip("\n") + "\n"
        for name, template in _FILES.items()
    }


def _word(value: object) -> str:
    """`value` as one word of a command line or a list, see systemd.syntax(7)."""
    text = str(value).translate(_QUOTED)
    return f'"{text}"' if text != str(value) or " " in text else text


def _path(value: object) -> str:
    """`value` where a setting takes one path to the end of the line: only specifiers count."""
    return str(value).replace("%", "%%")


def _in_a_home(python: PurePosixPath) -> bool:
    # A virtual environment's interpreter is a link to one that may be elsewhere.
    places = (python, PurePosixPath(Path(python).resolve()))
    return any(home in place.parents for home in _HOMES for place in places)
