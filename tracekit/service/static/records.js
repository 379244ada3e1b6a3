// Records stay bytes, with the place of each: a million of them need as much memory as the stream,
// and only those on the screen are parsed.
const QUOTE = 34, COMMA = 44, BACKSLASH = 92, OPEN_LIST = 91, CLOSE_LIST = 93, OPEN = 123, CLOSE = 125;

// The places of the records in the JSON array at `start`, two numbers per record, and the place
// after the array.
export function scanRecords(bytes, start) {
  if (bytes[start] !== OPEN_LIST) throw new Error("expected an array of records");
  const places = [];
  let depth = 0;
  for (let i = start + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      for (i++; bytes[i] !== QUOTE; i++) {
        if (bytes[i] === BACKSLASH) i++;
        if (i >= bytes.length) throw new Error("a text has no end");
      }
    } else if (byte === OPEN) {
      if (depth++ === 0) places.push(i);
    } else if (byte === CLOSE) {
      if (--depth === 0) places.push(i + 1);
    } else if (byte === CLOSE_LIST && depth === 0) {
      return { places: Uint32Array.from(places), end: i + 1 };
    } else if (depth === 0 && byte !== COMMA) {
      throw new Error("expected a record");
    }
  }
  throw new Error("an array of records has no end");
}

// The records of {..., "results": {DOMAIN: {"data": [records], "count": N}, ...}, ...} after `place`.
// Calls `take(domain, start, end, places, count)` for each domain, and returns the place after the results.
export function scanResults(bytes, place, take) {
  const decoder = new TextDecoder();
  const marker = '"results":{';
  const found = decoder.decode(bytes.subarray(place, place + 400)).indexOf(marker);
  if (found < 0) throw new Error("expected results");
  for (place += found + marker.length; bytes[place] !== CLOSE;) {
    const [head, domain] = decoder.decode(bytes.subarray(place, place + 120)).match(/^,?"([a-z_]+)":\{"data":/);
    const { places, end } = scanRecords(bytes, place + head.length);
    const [tail, count] = decoder.decode(bytes.subarray(end, end + 40)).match(/^,"count":(\d+)\}/);
    take(domain, place, end, places, Number(count));
    place = end + tail.length;
  }
  return place + 1;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/gy;

// One flat record as [[name, kind, text], ...]. Numbers are kept as written, because
// JavaScript's are exact only up to 2^53.
export function parseRecord(text) {
  const fields = [];
  let place = 1;
  while (place < text.length - 1) {
    const name = token(text, place);
    const value = token(text, place + name.length + 1);
    place += name.length + value.length + 2;
    fields.push([JSON.parse(name), ...shown(value)]);
  }
  return fields;
}

function token(text, place) {
  TOKEN.lastIndex = place;
  const found = TOKEN.exec(text);
  if (found === null) throw new Error("a record is malformed");
  return found[0];
}

function shown(token) {
  if (token[0] === '"') return ["text", JSON.parse(token)];
  if (token === "null") return ["null", "null"];
  return [token === "true" || token === "false" ? "text" : "number", token];
}

// The records of one domain, chunk by chunk.
export class RecordStore {
  #chunks = [];
  #firsts = [];
  #decoder = new TextDecoder();

  constructor(domain, expected) {
    this.domain = domain;
    this.expected = expected;
    this.rows = 0;
  }

  add(buffer, places) {
    this.#firsts.push(this.rows);
    this.#chunks.push({ bytes: new Uint8Array(buffer), places });
    this.rows += places.length / 2;
  }

  record(row) {
    let low = 0, high = this.#firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firsts[middle] <= row) low = middle; else high = middle - 1;
    }
    const { bytes, places } = this.#chunks[low];
    const at = 2 * (row - this.#firsts[low]);
    return parseRecord(this.#decoder.decode(bytes.subarray(places[at], places[at + 1])));
  }
}
