"""Read a stream of lines so that nothing can be missing unnoticed."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NoReturn

from tracekit.errors import ConfigError, JobError, JobNotComplete, JobNotFound, ResultIncomplete
from tracekit.ndjson.position import Position
from tracekit.ndjson.writer import MEDIA_TYPE, SCHEMA_VERSION

Record = dict[str, Any]

_STATUS_ERRORS: dict[int, Callable[[str], JobError]] = {404: JobNotFound, 409: JobNotComplete}
_ERROR_BODY_BYTES = 65_536


def read_stream(
    source: str | Iterable[bytes],
    *,
    after: str | None = None,
    token: str | None = None,
    timeout_seconds: float = 60.0,
) -> RecordStream:
    """Read the records of a job's stream, checking them on the way.

    Args:
        source: The stream's URL, or its lines.
        after: `DOMAIN:CHUNK` after which to resume: the `position` of a broken stream.
        token: Sent as a bearer token.
        timeout_seconds: Time limit of the connection and of each wait for data.

    Raises:
        ConfigError: `source` is not an http(s) URL, or `after` is not a position.
        JobNotFound: the job does not exist.
        JobNotComplete: the job has not finished, or failed.
        JobError: the server refused for another reason.
    """
    if after is not None:
        Position.parse(after)
    if not isinstance(source, str):
        return RecordStream(source)
    response = _open(source, after, token, timeout_seconds)
    gzipped = response.headers.get("Content-Encoding") == "gzip"
    closing = ExitStack()
    closing.push(response)
    lines = closing.enter_context(gzip.GzipFile(fileobj=response)) if gzipped else response
    return RecordStream(lines, close=closing.close)


class RecordStream:
    """Iterates over (domain, record); ends without an error only when everything was read.

    Reads the legacy system's streams, too: these have no checksum, so their totals and the last
    line prove them complete. One whose `warning` names failed domains is incomplete.

    Raises while it is iterated:
        ResultIncomplete: lines are missing, damaged, out of order or fail the checksum, or the
            stream ended without `complete`, by itself or with an `error` line.

    Attributes:
        meta: The first line, once it was read.
        aggregations: Sums by domain.
        warnings: Warnings of the job.
        complete: The last line; None until the stream is known to be complete.
        position: The last `DOMAIN:CHUNK` read, to resume after; None before the first.
    """

    def __init__(self, lines: Iterable[bytes], *, close: Callable[[], None] | None = None) -> None:
        self._lines = lines
        self._close = close
        self._sha256 = hashlib.sha256()
        self._expected: list[str] = []
        self._domain: str | None = None
        self._next_chunk = 0
        self._legacy = False
        self._announced: dict[str, tuple[int | None, int]] = {}
        self._rows: dict[str, int] = {}
        self.meta: Mapping[str, Any] = {}
        self.aggregations: dict[str, Mapping[str, Any]] = {}
        self.warnings: list[Mapping[str, Any]] = []
        self.complete: Mapping[str, Any] | None = None
        self.position: str | None = None

    def __enter__(self) -> RecordStream:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection without reading the rest."""
        if self._close is not None:
            self._close()

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        try:
            for line in self._received():
                if self.complete is not None:
                    self._broken("continues after its complete line")
                fields = _parsed(line)
                if fields is None:
                    self._broken(f"has a line that is not a JSON object: {line[:80]!r}")
                yield from self._take(fields)
                self._sha256.update(line)
        finally:
            self.close()
        if self.complete is None:
            self._broken("ended without its complete line")

    def _received(self) -> Iterator[bytes]:
        try:
            yield from self._lines
        except (OSError, EOFError, zlib.error, http.client.HTTPException) as exc:
            self._broken(f"broke off: {exc}", exc)

    def _take(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, Record]]:
        kind = fields.get("type")
        if (kind == "meta") == bool(self.meta):
            self._broken(f"has a {kind!r} line out of order")
        handler = getattr(self, f"_on_{kind}", None)
        if handler is None:
            return  # a later version may have more lines
        try:
            records = handler(fields)
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            self._broken(f"has a malformed {kind} line ({exc!r})", exc)
        if isinstance(records, dict):
            for domain, some in records.items():
                yield from ((domain, record) for record in some)
        elif records:
            yield from ((fields["domain"], record) for record in records)

    def _on_meta(self, fields: Mapping[str, Any]) -> None:
        version = fields.get("schema_version")  # the legacy system states none
        if version not in {None, SCHEMA_VERSION}:
            self._broken(f"has schema version {version!r}, not {SCHEMA_VERSION}")
        self.meta = fields
        self._legacy = version is None
        self._expected = list(fields["domains"])
        resumed = fields.get("resumed")
        if resumed:
            after = Position.parse(resumed["after"])
            self._rows.update(resumed["rows"])
            self._expected = self._expected[self._expected.index(after.domain) :]
            self._next_chunk = after.chunk + 1

    def _on_domain_start(self, fields: Mapping[str, Any]) -> None:
        domain = fields["domain"]
        due = self._expected if self._legacy else self._expected[:1]
        if self._domain is not None or domain not in due:
            self._broken(f"starts domain {domain!r} out of order")
        self._expected.remove(domain)
        self._domain = domain
        self._announced[domain] = (None if self._legacy else fields["chunks"], fields["total"])
        self._rows.setdefault(domain, 0)

    def _on_records(self, fields: Mapping[str, Any]) -> list[Record]:
        domain, chunk = fields["domain"], fields["batch"]
        if domain != self._domain or chunk != self._next_chunk:
            self._broken(
                f"has chunk {domain}:{chunk} where {self._domain}:{self._next_chunk} is due"
            )
        records: list[Record] = fields["data"]
        if len(records) != fields["count"]:
            self._broken(f"has {len(records)} records in {domain}:{chunk}, not {fields['count']}")
        self._next_chunk += 1
        self._rows[domain] += len(records)
        self.position = f"{domain}:{chunk}"
        return records

    def _on_domain_end(self, fields: Mapping[str, Any]) -> None:
        domain = fields["domain"]
        if domain != self._domain:
            self._broken(f"ends domain {domain!r} out of order")
        chunks, rows = self._announced[domain]
        found = (None if chunks is None else self._next_chunk, self._rows[domain])
        if found != (chunks, rows) or fields["count"] != rows:
            self._broken(f"has {found} chunks and rows of {domain}, not {(chunks, rows)}")
        self._domain, self._next_chunk = None, 0

    def _on_full_result(self, fields: Mapping[str, Any]) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for domain, part in fields["data"]["results"].items():
            found[domain] = part["data"]
            self._rows[domain] = len(found[domain])
            if part.get("count", len(found[domain])) != len(found[domain]):
                self._broken(f"has {len(found[domain])} records of {domain}, not {part['count']}")
        self._expected = []
        return found

    def _on_aggregation(self, fields: Mapping[str, Any]) -> None:
        if "domain" not in fields:
            self.aggregations = fields["data"]  # the legacy system's: of all domains
            return
        if fields["rows"] != self._rows[fields["domain"]]:
            self._broken(
                f"counts {fields['rows']} rows of {fields['domain']}, not those it contains"
            )
        self.aggregations[fields["domain"]] = fields

    def _on_warning(self, fields: Mapping[str, Any]) -> None:
        self.warnings.append(fields)

    def _on_complete(self, fields: Mapping[str, Any]) -> None:
        failed = [name for one in self.warnings for name in one.get("failed_domains") or ()]
        if failed:
            self._broken(f"completes without {', '.join(failed)}, which failed")
        if self._domain is not None or self._expected:
            self._broken("completes before all domains were seen")
        checked = not self._legacy or "sha256" in fields
        if checked and fields["sha256"] != self._sha256.hexdigest():
            self._broken("fails its checksum")
        domains = self._rows if self._legacy else fields["domains"]
        total = fields["total_records"]
        rows = total if self._legacy else fields["rows"]
        if domains != self._rows or not total == rows == sum(self._rows.values()):
            self._broken(f"announces {total} rows, {domains}, and contains {self._rows}")
        self.complete = fields

    def _on_error(self, fields: Mapping[str, Any]) -> None:
        self._broken(f"ended with {fields.get('code', 'an error')}: {fields['message']}")

    def _broken(self, what: str, cause: BaseException | None = None) -> NoReturn:
        where = f" after {self.position}" if self.position else " before its first chunk"
        raise ResultIncomplete(
            f"the stream {what}{where}; the records so far are incomplete."
        ) from cause


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None  # cut off, even where what is left happens to be JSON
    try:
        fields = json.loads(line, parse_constant=_refuse)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _open(
    url: str, after: str | None, token: str | None, timeout_seconds: float
) -> http.client.HTTPResponse:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ConfigError(f"{url!r} is not an http or https URL")
    if after is not None:
        query = [pair for pair in urllib.parse.parse_qsl(parts.query) if pair[0] != "after"]
        parts = parts._replace(query=urllib.parse.urlencode([*query, ("after", after)]))
    headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "gzip"}
    request = urllib.request.Request(parts.geturl(), headers=headers)  # noqa: S310 (scheme seen above)
    if token is not None:  # not to be handed on to whatever host a redirection names
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310
            request, timeout=timeout_seconds
        )
    except urllib.error.HTTPError as exc:
        raise refusal(exc) from exc
    except OSError as exc:
        raise JobError(f"{parts.netloc} could not be reached: {exc}") from exc
    return response


def refusal(answer: urllib.error.HTTPError) -> JobError:
    """The error for an answer with status 400 or above."""
    kind = _STATUS_ERRORS.get(answer.code, JobError)
    with answer:
        body = answer.read(_ERROR_BODY_BYTES)
    try:
        error = json.loads(body)["error"]
        return kind(f"{error['code']}: {error['message']}")
    except (ValueError, KeyError, TypeError):
        return kind(f"the server answered {answer.code} {answer.reason}")
