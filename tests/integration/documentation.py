"""The pages of the documentation, their code blocks, and the folder that the quick start makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FILE = re.compile(r"^`([\w./]+)` [^\n]*\n+```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./]+)` [^\n]*\n+)?(?:^<!-- not run: (?P<reason>[^\n]+) -->\n+)?"
    r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    file: str | None
    """The file that it is, in the folder of the quick start."""
    reason: str | None
    """Why no test runs it."""

    def commands(self) -> list[str]:
        """What follows the prompts of a console."""
        return _COMMAND.findall(self.text)


def blocks(page: Path) -> list[Block]:
    """The fenced blocks, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["language"], found["text"], found["file"], found["reason"])
        for found in _BLOCK.finditer(text)
    ]


def make_bank(folder: Path) -> None:
    """Put the quick start's files into `folder`, and make its data."""
    page = (ROOT / "docs/quick-start.md").read_text(encoding="utf-8")
    for name, text in _FILE.findall(page):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "data").mkdir()
    run(folder, sys.executable, "make_data.py")


def run(folder: Path, *command: str) -> str:
    """What a command that succeeds says on stdout; this environment is first on its PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "TRACEKIT_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
