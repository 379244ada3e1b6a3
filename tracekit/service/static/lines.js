// Reads an NDJSON stream and checks all of it: order, chunk numbers, totals and checksum. A malformed
// line ends it.
import { scanRecords, scanResults } from "./records.js";
import { Sha256 } from "./sha256.js";

const RECORDS = /^\{"type":"records","domain":"([a-z_]+)","batch":(\d+),"chunk":\d+,"count":(\d+),"data":/;
const FULL_RESULT = '{"type":"full_result",';
const HEAD_BYTES = 200;
const LINE_FEED = 10;

export class StreamProblem extends Error {
  // `resumable`: the records so far are correct, and the rest can be requested.
  constructor(code, message, resumable) {
    super(message);
    this.code = code;
    this.resumable = resumable;
  }
}

export class LineReader {
  #sha256 = new Sha256();
  #decoder = new TextDecoder("utf-8", { fatal: true });
  #domain = null;
  #next = 0;
  complete = null;

  // `rows`: {domain: rows} received before this stream, which resumes after them; updated here.
  constructor(rows, position, send) {
    this.rows = rows;
    this.position = position;
    this.send = send;
  }

  line(bytes) {
    if (this.complete) throw new StreamProblem("STREAM_MALFORMED", "there is data after the last line.", false);
    const head = new TextDecoder().decode(bytes.subarray(0, HEAD_BYTES)).match(RECORDS);
    try {
      if (head) this.#records(bytes, head);
      else if (new TextDecoder().decode(bytes.subarray(0, FULL_RESULT.length)) === FULL_RESULT) this.#fullResult(bytes);
      else this.#other(JSON.parse(this.#decoder.decode(bytes)));
    } catch (error) {
      if (error instanceof StreamProblem) throw error;
      throw new StreamProblem("STREAM_MALFORMED", `a line of the stream cannot be read: ${error.message}.`, false);
    }
    this.#sha256.update(bytes);
  }

  // A result in the layout before chunks: one line with everything.
  #fullResult(bytes) {
    scanResults(bytes, FULL_RESULT.length, (domain, start, end, places, count) => {
      this.#expect(places.length / 2 === count, `the number of rows of ${domain} is wrong.`);
      this.rows[domain] = count;
      this.send({ type: "domain_start", domain, rows: count });
      this.send({ type: "records", domain, bytes: bytes.slice(start, end), places: places.map((at) => at - start) });
    });
  }

  #records(bytes, [head, domain, chunk, count]) {
    const { places, end } = scanRecords(bytes, head.length);
    this.#expect(end === bytes.length - 2, "a line of records has other content.");
    this.#expect(domain === this.#domain && Number(chunk) === this.#next, "a chunk is missing or out of order.");
    this.#expect(places.length / 2 === Number(count), `the number of records in chunk ${chunk} of ${domain} is wrong.`);
    this.rows[domain] += Number(count);
    this.position = `${domain}:${chunk}`;
    this.#next++;
    this.send({ type: "records", domain, bytes, places });
  }

  #other(line) {
    switch (line.type) {
      case "meta":
        this.#expect((line.resumed?.after ?? null) === this.position, "the stream does not start where requested.");
        for (const [domain, rows] of Object.entries(line.resumed?.rows ?? {})) {
          this.#expect(this.rows[domain] === rows, `its number of rows of ${domain} has changed.`);
        }
        break;
      case "domain_start":
        this.#domain = line.domain;
        this.#next = this.position?.startsWith(`${line.domain}:`) ? Number(this.position.split(":")[1]) + 1 : 0;
        this.rows[line.domain] ??= 0;
        break;
      case "domain_end":
        this.#expect(this.rows[line.domain] === line.rows, `the number of rows of ${line.domain} is wrong.`);
        break;
      case "complete":
        this.#checkTotals(line);
        break;
      case "error":
        throw new StreamProblem(line.code, line.message, line.code === "STORE_UNAVAILABLE");
      case "aggregation":
      case "warning":
        break;
      default:
        throw new Error(`unknown type ${String(line.type)}`);
    }
    this.send(line);
  }

  #checkTotals(line) {
    const total = Object.values(this.rows).reduce((sum, rows) => sum + rows, 0);
    this.#expect(total === line.rows, `${total} rows arrived, expected ${line.rows}.`);
    for (const [domain, rows] of Object.entries(line.domains)) {
      this.#expect(this.rows[domain] === rows, `the number of rows of ${domain} is wrong.`);
    }
    this.#expect(this.#sha256.hex() === line.sha256, "its checksum is wrong.");
    this.complete = line;
  }

  #expect(holds, message) {
    if (!holds) throw new StreamProblem("STREAM_DAMAGED", `the stream is damaged: ${message}`, false);
  }
}

// Feed `reader` the lines of a response's body.
export async function readLines(body, reader) {
  const source = body.getReader();
  let pieces = [];
  for (;;) {
    const { value, done } = await source.read();
    if (done) break;
    let start = 0;
    for (let end; (end = value.indexOf(LINE_FEED, start)) >= 0; start = end + 1) {
      pieces.push(value.subarray(start, end + 1));
      reader.line(joined(pieces));
      pieces = [];
    }
    if (start < value.length) pieces.push(value.subarray(start));
  }
  if (!reader.complete) throw new StreamProblem("STREAM_CUT", "the stream ended before it was complete.", true);
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let place = 0;
  for (const piece of pieces) {
    bytes.set(piece, place);
    place += piece.length;
  }
  return bytes;
}
