"""The environment variables a measured child gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

PINNED = {
    # pyarrow's default pool reserves 1 GiB of address space, which memray counts as allocated.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # Set and dict layouts, and with them sizes, must not vary from run to run.
    "PYTHONHASHSEED": "0",
}
"""Variables set in every measured child."""

REMOVED = frozenset(
    {
        "PYTHONMALLOC",
        "PYTHONTRACEMALLOC",
        "PYTHONDEVMODE",
        "PYTHONMALLOCSTATS",
        "DB_PASSWORD",
        "REDIS_URL",
    }
)
"""Variables removed, because they change what is measured or hold a secret."""


def child_environment(environ: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """`environ` with the pinned variables, without any variable that holds one of `secrets`."""
    hidden = [secret for secret in secrets if secret]
    kept = {
        name: value
        for name, value in environ.items()
        if name not in REMOVED and not any(secret in value for secret in hidden)
    }
    return kept | PINNED
