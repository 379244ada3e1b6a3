"""Names of the keys a job has in Redis."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def new_job_id() -> str:
    """An unguessable id: 128 random bits."""
    return secrets.token_hex(16)


def is_job_id(text: str) -> bool:
    """Whether `text` can be a job's id; anything else must not become part of a key."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True)
class JobKeys:
    """The keys of one job."""

    job_id: str
    prefix: str = ""
    """REDIS_KEY_PREFIX, the prefix of each key, before a colon."""

    @property
    def _base(self) -> str:
        prefix = f"{self.prefix}:" if self.prefix else ""
        return f"{prefix}trace:job:{self.job_id}"

    @property
    def meta(self) -> str:
        """A hash: the request and the job's state."""
        return f"{self._base}:meta"

    @property
    def manifest(self) -> str:
        """The result's table of contents; written last."""
        return f"{self._base}:result:meta"

    @property
    def legacy_result(self) -> str:
        """The whole result under one key, the layout before chunks."""
        return f"{self._base}:result"

    @property
    def parts(self) -> str:
        """A set: every part that any shard has written."""
        return f"{self._base}:parts"

    def cids(self, shard: int) -> str:
        """The CIDs of one shard."""
        return f"{self._base}:cids:{shard}"

    def shard(self, shard: int) -> str:
        """A hash: a shard's worker, its progress, and what it has written."""
        return f"{self._base}:shard:{shard}"

    def chunk(self, domain: str, chunk: int) -> str:
        """One chunk of the finished result."""
        return f"{self._base}:result:{domain}:{chunk}"

    def part(self, domain: str, shard: int, number: int) -> str:
        """A chunk of an unfinished job, whose number in the result is not yet known."""
        return f"{self._base}:result:{domain}:{shard}.{number}"
