"""The documentation site; `make docs` builds it, offline and with warnings as errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tracekit import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["TRACEKIT_RUNS_DIR"] = str(HERE / "_build/runs")  # where the notebooks' replays go

project = "tracekit"
author = "the tracekit developers"
release = version = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "docstrings",
    "rooms",
    "repository_links",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
html_theme = "furo"
html_title = f"tracekit {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
default_role = "code"  # docstrings have single backticks, as Markdown has
smartquotes = False  # "--keys" is an option, not a dash
highlight_language = "text"

# References inside tracekit must resolve. Others would need the inventories of their sites, and the
# build is offline.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!tracekit\b).*"),
    ("py:.*", r"tracekit\.[\w.]*\.T"),  # type variables
    ("py:class", r"tracekit\.(profiling\.stacks\.HeapStacks|jobs\.trace_jobs\.TraceJobs)"),  # inner
]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
# Commands and their output have prompts, cut tables and "…": not all of it is a language's text.
suppress_warnings = ["misc.highlighting_failure"]

# The notebooks hold no outputs; they run here, on the smoke workload, and an error ends the build.
nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Remedy"]
