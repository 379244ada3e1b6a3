"""A finished replay, with ways to display it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracekit import reports
from tracekit.experiment.run_folder import read_run_stacks
from tracekit.records import MemoryTimeline, ReplaySummary, RunStacks, Verdict


@dataclass(frozen=True)
class Replay:
    """What `replay` returns: the run's record, and ways to display it."""

    summary: ReplaySummary
    timelines: tuple[MemoryTimeline, ...]
    folder: Path
    """The folder with captures, digests, summary and report."""
    unexpected_out_of_memory: tuple[str, ...] = ()
    """Candidates that ran out of memory unexpectedly."""

    @property
    def verdict(self) -> Verdict:
        """The replay's verdict."""
        return self.summary.verdict

    @property
    def stacks(self) -> RunStacks:
        """The call stacks at each candidate's heap peak, and their differences.

        Empty if the replay was not profiled.

        Raises:
            ConfigError: the run's file exists but cannot be read.
        """
        return read_run_stacks(self.folder)

    def plot(self, path: str | Path | None = None) -> Path:
        """Plot memory over time of all candidates as PNG; by default into the run's folder."""
        target = Path(path) if path is not None else self.folder / "memory.png"
        reports.memory_plot(self.summary, self.timelines, target)
        return target

    def __str__(self) -> str:
        return reports.text(self.summary, folder=str(self.folder))

    def _repr_html_(self) -> str:
        stacks = self.stacks
        page = reports.html(
            self.summary,
            self.timelines,
            call_trees=stacks.call_trees,
            stack_diffs=stacks.stack_diffs,
        )
        return _framed(page)


_THEMES = (
    "body:is([data-jp-theme-light='false'], [data-theme='dark']) iframe.tracekit"
    " { color-scheme: dark; }"
    "body:is([data-jp-theme-light='true'], [data-theme='light']) iframe.tracekit"
    " { color-scheme: light; }"
)


def _framed(page: str) -> str:
    """`page` in a frame: its styles are for a whole page and must not restyle a notebook.

    The frame follows the theme of JupyterLab, or of the documentation site, whatever the operating
    system prefers. The page's script can reach nothing outside of the frame.
    """
    quoted = page.replace("&", "&amp;").replace('"', "&quot;")
    return (
        f"<style>{_THEMES}</style>"
        '<iframe class="tracekit" title="replay report" sandbox="allow-scripts" srcdoc="'
        f'{quoted}" style="width: 100%; height: 40rem; border: 0"></iframe>'
    )
