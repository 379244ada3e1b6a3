"""The notebook's door: `%load_ext tracekit`.

`%%peak` measures a cell, `%peak` a statement, `%peak_compare` compares two named cells,
`%tracekit_cells on` shows a line about memory under every cell, `%memory_guard` stops a cell before
it uses all memory.
"""

from tracekit.magics.extension import load_ipython_extension, unload_ipython_extension

__all__ = ["load_ipython_extension", "unload_ipython_extension"]
