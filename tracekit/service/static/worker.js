// Fetches and checks answers and finds their records in a worker, so that the page stays responsive.
import { LineReader, StreamProblem, readLines } from "./lines.js";
import { scanResults } from "./records.js";

let reader = null;

onmessage = async ({ data }) => {
  const done = data.ask === "events" ? askEvents(data) : readStream(data);
  try {
    await done;
  } catch (error) {
    const known = error instanceof StreamProblem;
    post({
      type: "problem",
      code: known ? error.code : data.ask === "stream" ? "STREAM_CUT" : "SERVICE_UNREACHABLE",
      message: known ? error.message : `the connection broke: ${error.message}.`,
      resumable: known ? error.resumable : data.ask === "stream",
    });
  }
};

async function askEvents({ url, headers, body }) {
  const answer = await fetch(url, {
    method: "POST", body, headers: { ...headers, "Content-Type": "application/json" },
  });
  await refuse(answer);
  if (answer.status === 202) post({ type: "accepted", job: await answer.json() });
  else readDocument(new Uint8Array(await answer.arrayBuffer()));
}

async function readStream({ url, headers, resume }) {
  if (!resume || !reader) reader = new LineReader({}, null, post);
  else reader = new LineReader(reader.rows, reader.position, post);
  const after = reader.position ? `?after=${encodeURIComponent(reader.position)}` : "";
  const answer = await fetch(url + after, { headers });
  await refuse(answer);
  await readLines(answer.body, reader);
}

async function refuse(answer) {
  if (answer.ok) return;
  const { error } = await answer.json().catch(() => ({}));
  const code = error?.code ?? `HTTP_${answer.status}`;
  throw new StreamProblem(code, error?.message ?? `the service answered with status ${answer.status}.`, answer.status >= 500);
}

// {..., "results": {DOMAIN: {"data": [records], "count": N}, ...}, ...}: the records stay bytes.
function readDocument(bytes) {
  const totals = {};
  const rest = scanResults(bytes, 0, (domain, start, end, places, count) => {
    totals[domain] = places.length / 2;
    if (totals[domain] !== count) throw new StreamProblem("RESULT_DAMAGED", `the number of rows of ${domain} is wrong.`, false);
    post({ type: "domain_start", domain, rows: count });
    post({ type: "records", domain, bytes: bytes.slice(start, end), places: places.map((at) => at - start) });
  });
  const { error } = JSON.parse(`{"results":0${new TextDecoder().decode(bytes.subarray(rest))}`);
  if (error) throw new StreamProblem(error.code, error.message, false);
  post({ type: "answered", domains: totals, rows: Object.values(totals).reduce((sum, rows) => sum + rows, 0) });
}

function post(message) {
  // The page gets a copy, because the checksum still needs the line's bytes.
  if (message.type !== "records") { postMessage(message); return; }
  const bytes = message.bytes.slice();
  postMessage({ ...message, bytes: bytes.buffer }, [bytes.buffer, message.places.buffer]);
}
