"""What the rules of a translation know in addition to the statement's tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.translate.binds import Prepared
from tracekit.localdb.translate.scopes import Scopes


@dataclass(frozen=True)
class Context:
    """What rewriting needs to know in addition to the tree."""

    prepared: Prepared
    current_schema: str
    user: str
    scopes: Scopes
    ignore_case: bool = False
    """The session compares text without regard to case."""

    def position(self, node: exp.Expr) -> int:
        """Where `node` stands in the client's text, 0 if that is not known."""
        for part in node.walk():
            start = part.meta.get("start")
            if isinstance(start, int):
                return self.prepared.source_position(start)
        return 0
