"""The body of a request for events, validated before anything else is done."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tracekit.errors import ConfigError
from tracekit.jobs import PROFILES
from tracekit.service.problems import Problem
from tracekit.trace.container_ids import normalise_container_ids
from tracekit.trace.queries import domain_query

MAX_CID_LENGTH = 64
"""Characters; CIDs have 16."""


class _Body(msgspec.Struct):
    profile: str
    container_ids: list[str]
    domains: list[str]


@dataclass(frozen=True)
class EventsRequest:
    """A valid request for events."""

    profile: str
    container_ids: list[str]
    """Normalised: no blanks, no duplicates."""
    domains: tuple[str, ...]


def parse_events_request(body: bytes) -> EventsRequest:
    """Parse `body`.

    Raises:
        Problem: 400 with INVALID_JSON, INVALID_REQUEST, UNKNOWN_PROFILE, UNKNOWN_DOMAIN or
            INVALID_CONTAINER_IDS. No message quotes a CID.
    """
    try:
        found = msgspec.json.decode(body, type=_Body)
    except msgspec.ValidationError as exc:
        raise Problem(400, "INVALID_REQUEST", f"{exc}.") from None
    except RecursionError:
        raise Problem(400, "INVALID_JSON", "the request's body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Problem(400, "INVALID_JSON", "the request's body is not a JSON document.") from None
    if found.profile not in PROFILES:
        said = f"unknown profile {found.profile[:80]!r}; expected one of {', '.join(PROFILES)}."
        raise Problem(400, "UNKNOWN_PROFILE", said)
    return EventsRequest(
        found.profile, _container_ids(found.container_ids), _domains(found.domains)
    )


def _container_ids(texts: list[str]) -> list[str]:
    cids = normalise_container_ids(texts)
    if not cids:
        raise Problem(400, "INVALID_CONTAINER_IDS", "container_ids has no CID.")
    if max(map(len, cids)) > MAX_CID_LENGTH:
        place = next(index for index, cid in enumerate(cids) if len(cid) > MAX_CID_LENGTH)
        said = f"CID number {place + 1} is longer than {MAX_CID_LENGTH} characters."
        raise Problem(400, "INVALID_CONTAINER_IDS", said)
    return cids


def _domains(names: list[str]) -> tuple[str, ...]:
    if not names:
        raise Problem(400, "INVALID_REQUEST", "domains is empty.")
    for name in names:
        try:
            domain_query(name[:80])
        except ConfigError as exc:
            raise Problem(400, "UNKNOWN_DOMAIN", str(exc)) from None
    return tuple(dict.fromkeys(names))
