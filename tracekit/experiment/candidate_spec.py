"""How candidates are named: built-in ones, `module:function`, scripts, notebooks, callables."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError
from tracekit.experiment.builtin_candidates import BUILTIN_NAMES, DEFAULT_CANDIDATES, SERVICE
from tracekit.extras import require

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class CandidateSpec:
    """A candidate: its name in reports, and its spec."""

    name: str
    spec: str
    """`lean`, `module:function`, `script.py`, `notebook.ipynb`, or the name of a callable."""
    pickled: str | None = None
    """A pickled callable: cloudpickle's bytes in base64."""

    @property
    def is_builtin(self) -> bool:
        """Whether it comes with tracekit."""
        return self.pickled is None and self.spec in BUILTIN_NAMES

    @property
    def is_file(self) -> bool:
        """Whether it is a script or a notebook, which runs as it is."""
        return self.pickled is None and self.spec.endswith((".py", ".ipynb"))

    def __str__(self) -> str:
        return self.name if self.name == self.spec else f"{self.name}={self.spec}"


Candidates = Sequence[str | CandidateSpec] | Mapping[str, str | Callable[..., Any]]
"""Written candidates: `[NAME=]SPEC` texts, or a mapping of names to specs and callables."""


def candidate_specs(
    candidates: Candidates | None, default: Sequence[str] = DEFAULT_CANDIDATES
) -> tuple[CandidateSpec, ...]:
    """The candidates, in order; `default` if none are given.

    A text may be just the name of one of `default`, such as a workload's own candidate.

    Raises:
        ConfigError: a spec is unknown, or two candidates have the same name.
        MissingExtra: `service` is among them, and the extra of that name is not installed.
    """
    if candidates is None:
        candidates = default
    if isinstance(candidates, str):
        raise ConfigError(f"candidates={candidates!r}: expected a list, [{candidates!r}]")
    if isinstance(candidates, Mapping):
        found = [_named(name, spec) for name, spec in candidates.items()]
    else:
        own = {one.partition("=")[0].strip(): one for one in default}
        found = [
            one if isinstance(one, CandidateSpec) else _written(own.get(str(one), one))
            for one in candidates
        ]
    names = [one.name for one in found]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ConfigError(
            f"two candidates are called {repeated!r}. Give one another name: NAME=SPEC"
        )
    if not found:
        raise ConfigError("no candidates: name at least one")
    if any(one.is_builtin and one.spec == SERVICE for one in found):
        require("service")
    return tuple(found)


def with_reference_first(
    specs: Sequence[CandidateSpec], reference: str | None
) -> tuple[CandidateSpec, ...]:
    """The candidates with the reference first.

    Raises:
        ConfigError: it is not among them.
    """
    if reference is None:
        return tuple(specs)
    first = [one for one in specs if one.name == reference]
    if not first:
        names = ", ".join(one.name for one in specs)
        raise ConfigError(f"reference {reference!r} is not a candidate; expected one of {names}")
    return (*first, *(one for one in specs if one.name != reference))


def _written(text: str) -> CandidateSpec:
    if not isinstance(text, str):
        raise ConfigError(
            f"candidate {text!r}: a list can hold only text. Pass a function in a mapping: "
            "{'new': function}"
        )
    name, equals, spec = text.partition("=")
    if equals:
        return _named(name.strip(), spec.strip())
    spec = text.strip()
    if spec in BUILTIN_NAMES:
        return CandidateSpec(spec, spec)
    stem = Path(spec).stem if spec.endswith((".py", ".ipynb")) else spec.rpartition(":")[2]
    return _named(stem, spec)


def _named(name: str, spec: str | Callable[..., Any]) -> CandidateSpec:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"candidate name {name!r}: expected only letters, digits, '_', '-' and '.', because it "
            "is used in file names"
        )
    if callable(spec):
        import cloudpickle

        pickled = base64.b64encode(cloudpickle.dumps(spec)).decode("ascii")
        return CandidateSpec(name, getattr(spec, "__qualname__", repr(type(spec))), pickled)
    if not isinstance(spec, str):
        raise ConfigError(f"candidate {name!r}: {spec!r} is neither text nor a function")
    if spec in BUILTIN_NAMES or _FUNCTION.fullmatch(spec):
        return CandidateSpec(name, spec)
    if spec.endswith((".py", ".ipynb")):
        if not Path(spec).is_file():
            kind = "script" if spec.endswith(".py") else "notebook"
            raise ConfigError(f"candidate {name!r}: the {kind} {spec} does not exist")
        return CandidateSpec(name, str(Path(spec).absolute()))
    raise ConfigError(
        f"candidate {name!r}: unknown {spec!r}; expected {', '.join(BUILTIN_NAMES)}, "
        "module:function, a script.py or a notebook.ipynb"
    )
