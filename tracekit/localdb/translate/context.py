"""What translation rules need to know in addition to the statement's tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.scopes import Scopes


@dataclass(frozen=True)
class Context:
    """The context of a translation."""

    prepared: Prepared
    current_schema: str
    user: str
    scopes: Scopes
    ignore_case: bool = False
    """Whether the session ignores case when it compares text."""

    def position(self, node: exp.Expr) -> int:
        """The offset of `node` in the client's text; 0 if unknown."""
        for part in node.walk():
            start = part.meta.get("start")
            if isinstance(start, int):
                return self.prepared.source_position(start)
        return 0
