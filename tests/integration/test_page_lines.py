"""The page's reader of streams, run by Node: it takes what the service writes, and nothing less."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tracekit import service
from tracekit.jsonvalue import encode
from tracekit.ndjson import LineWriter

STATIC = Path(service.__file__).parent / "static"
READ = """
import { LineReader, readLines } from "./lines.mjs";
const chunks = [];
for await (const piece of process.stdin) chunks.push(piece);
const bytes = new Uint8Array(Buffer.concat(chunks));
const found = {};
const reader = new LineReader({}, null, (message) => {
  if (message.type !== "records") return;
  const text = new TextDecoder();
  for (let i = 0; i < message.places.length; i += 2) {
    const record = text.decode(message.bytes.subarray(message.places[i], message.places[i + 1]));
    (found[message.domain] ??= []).push(JSON.parse(record));
  }
});
let code = "complete";
try {
  await readLines(new Response(bytes).body, reader);
} catch (error) {
  code = error.code ?? `${error}`;
}
console.log(JSON.stringify({ code, found, rows: reader.rows }));
"""
RECORDS = [{"CID": "A", "TEXT": 'a "]},{[" ü'}, {"CID": "B", "N": 5352.0}, {"CID": "C", "N": None}]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    for path in STATIC.glob("*.js"):  # Node takes a module by its name
        text = path.read_text(encoding="utf-8").replace('.js"', '.mjs"')
        (folder / f"{path.stem}.mjs").write_text(text, encoding="utf-8")
    (folder / "read.mjs").write_text(READ, encoding="utf-8")
    return folder / "read.mjs"


def read(script: Path, lines: list[bytes]) -> dict[str, object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH")
    done = subprocess.run(
        [node, str(script)], input=b"".join(lines), capture_output=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def chunked() -> list[bytes]:
    writer = LineWriter()
    lines = [writer.meta(job_id="j", profile="p", domains=["history", "holds"], cids=3)]
    lines += [writer.domain_start("history", chunks=2, rows=3)]
    lines += [writer.records("history", 0, 2, encode(RECORDS[:2]))]
    lines += [writer.records("history", 1, 1, encode(RECORDS[2:])), writer.domain_end("history")]
    lines += [writer.domain_start("holds", chunks=0, rows=0), writer.domain_end("holds")]
    lines += [writer.aggregation("history", rows=3, cids=3, cids_without_rows=0)]
    return [*lines, writer.warning("SLOW", "it took long"), writer.complete()]


def whole() -> list[bytes]:
    writer = LineWriter()
    document = {"results": {"history": {"data": RECORDS, "count": 3}}, "profile": "p"}
    return [
        writer.meta(job_id="j", profile="p", domains=["history"], cids=3),
        writer.full_result({"history": 3}, document),
        writer.complete(),
    ]


@pytest.mark.parametrize("lines", [chunked(), whole()], ids=["chunked", "whole"])
def test_what_the_service_writes_is_read(script: Path, lines: list[bytes]) -> None:
    found = read(script, lines)
    assert found["code"] == "complete"
    assert found["found"] == {"history": RECORDS}


@pytest.mark.parametrize(
    ("lines", "promise"),
    [
        (chunked(), b'"count":2'),
        (chunked(), b'"count":3'),
        (chunked(), b'"chunk":1'),
        (chunked(), b'"batch":1'),
        (whole(), b'"count":3'),
    ],
)
def test_what_is_not_as_it_was_written_is_refused(
    script: Path, lines: list[bytes], promise: bytes
) -> None:
    name, _, number = promise.rpartition(b":")
    spoilt = [line.replace(promise, b"%b:%d" % (name, int(number) + 1)) for line in lines]
    assert spoilt != lines
    assert read(script, spoilt)["code"] in {"STREAM_DAMAGED", "STREAM_MALFORMED"}
    assert read(script, lines[:-1])["code"] == "STREAM_CUT"
