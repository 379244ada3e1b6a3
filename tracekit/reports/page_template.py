"""The HTML templates, with the filters they use."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tracekit.reports import figures
from tracekit.reports.flame_graph import flame_script, flame_script_hash


def page_template(name: str) -> Template:
    """The template in the file `name`."""
    return _templates().get_template(name)


@cache
def _templates() -> Environment:
    # Everything is data and gets escaped; a misspelt name in a template is an error.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["size"] = figures.size
    environment.filters["count"] = figures.count
    environment.filters["printable"] = figures.printable
    environment.globals["flame_script_text"] = flame_script
    environment.globals["flame_script_hash"] = flame_script_hash
    return environment
