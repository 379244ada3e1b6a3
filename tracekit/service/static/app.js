// The page: a request, its job, and its records as they arrive.
import { RecordStore } from "./records.js";
import { RecordTable } from "./table.js";

const POLL_MILLISECONDS = 700;
const SHOWN_CIDS = 20_000;
const FINAL = new Set(["finished", "failed", "canceled"]);
const $ = (id) => document.getElementById(id);
const PLACEHOLDER = $("cids").placeholder;
const number = (value) => value.toLocaleString("en");

const table = new RecordTable($("grid"));
let about = null;
let worker = null;
let job = null;
let stores = new Map();
let shownDomain = null;
let listed = null; // more CIDs than the text area can show

class ServiceProblem extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function headers() {
  const token = sessionStorage.getItem("tracekit-token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function ask(url, method = "GET") {
  const answer = await fetch(url, { method, headers: headers() });
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) $("token-form").hidden = false;
  if (!answer.ok) {
    const { code, message } = body.error ?? {};
    throw new ServiceProblem(code ?? `HTTP_${answer.status}`, message ?? `the service answered with status ${answer.status}.`);
  }
  return body;
}

function size(bytes) {
  return bytes === null || bytes === undefined ? null : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

// The request.

function cids() {
  return listed ?? [...new Set($("cids").value.split(/[\s,;"']+/).filter(Boolean))];
}

function setCids(found) {
  listed = found.length > SHOWN_CIDS ? found : null;
  $("cids").value = listed ? "" : found.join("\n");
  $("cids").disabled = listed !== null;
  $("cids").placeholder = listed ? "Too many CIDs to show. Clear to start again" : PLACEHOLDER;
  countCids();
}

function countCids() {
  const count = cids().length;
  $("cid-count").value = count ? number(count) : "none";
}

async function allOfTheWorkload() {
  try {
    const { total } = await ask("workload/ids?limit=1");
    setCids((await ask(`workload/ids?limit=${total}`)).container_ids);
  } catch (error) {
    fail(error);
  }
}

function option(parent, kind, value, checked) {
  if (kind === "option") {
    parent.append(new Option(value, value));
    return;
  }
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "domain", value, checked });
  label.append(box, ` ${value}`);
  parent.append(label);
}

async function start() {
  try {
    about = await ask("about");
  } catch (error) {
    fail(error);
    return;
  }
  $("token-form").hidden = true;
  $("problem").hidden = true;
  $("profile").replaceChildren();
  $("domains").replaceChildren();
  for (const profile of about.profiles) option($("profile"), "option", profile);
  for (const domain of about.domains) option($("domains"), "checkbox", domain, domain === "history");
  $("all").hidden = about.workload === null;
  if (about.workload) $("about").textContent = `Events of production lots · workload ${about.workload}`;
  const attached = new URLSearchParams(location.hash.slice(1)).get("job");
  if (attached && !job) attach(attached);
}

function attach(id) {
  begin();
  const url = `job/${encodeURIComponent(id)}`;
  follow({ job_id: id, status_url: url, stream_url: `${url}/stream` });
}

// The run.

function begin() {
  worker?.terminate();
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = () => fail(new ServiceProblem("PAGE_FAILED", "the browser could not start the page's worker."));
  job = null;
  stores = new Map();
  shownDomain = null;
  $("tabs").replaceChildren();
  $("grid").hidden = true;
  for (const id of ["problem", "verdict", "resume", "cancel"]) $(id).hidden = true;
  $("run").disabled = true;
  $("progress").hidden = false;
  $("bar").value = 0;
  tell("requesting");
}

function run() {
  const container_ids = cids();
  const domains = [...document.querySelectorAll("[name=domain]:checked")].map((box) => box.value);
  if (!container_ids.length || !domains.length) {
    fail(new ServiceProblem("NOTHING_CHOSEN", "choose at least one CID and one domain."));
    return;
  }
  begin();
  const body = JSON.stringify({ profile: $("profile").value, container_ids, domains });
  worker.postMessage({ ask: "events", url: new URL("events", location.href).href, headers: headers(), body });
}

async function follow(accepted) {
  const mine = job = accepted;
  history.replaceState(null, "", `#job=${accepted.job_id}`);
  $("cancel").hidden = false;
  for (;;) {
    let status = null;
    try {
      status = await ask(accepted.status_url);
      if (job !== mine) return;
      $("problem").hidden = true;
      showStatus(status);
    } catch (error) {
      if (job !== mine) return;
      fail(error);
      if (error instanceof ServiceProblem && !/^(HTTP_5|STORE_UNAVAILABLE|RATE_LIMITED)/.test(error.code)) {
        $("cancel").hidden = true;
        return;
      }
    }
    if (status && FINAL.has(status.status)) {
      ended(status);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    if (job !== mine) return;
  }
}

function showStatus(status) {
  $("bar").value = status.progress;
  const facts = [
    `${number(Math.floor(status.cids_done))} of ${number(status.cids)} CIDs`,
    `${number(status.rows)} rows`,
    `${status.elapsed_seconds.toFixed(1)} s`,
  ];
  if (size(status.memory_bytes)) facts.push(`worker memory ${size(status.memory_bytes)} now`);
  if (size(status.peak_bytes)) facts.push(`worker peak ${size(status.peak_bytes)}`);
  if (status.retries.length) facts.push(`${status.retries.length} retried after ${status.retries.at(-1).code}`);
  if (status.workers_listening === 0) facts.push("no worker is listening to the queue");
  tell(status.status, facts.join(" · "));
}

function ended(status) {
  $("cancel").hidden = true;
  if (status.status === "finished") {
    stream(false);
    return;
  }
  const { code, message } = status.error ?? { code: "JOB_CANCELED", message: "the job was canceled and its data was removed." };
  fail(new ServiceProblem(code, message));
}

function stream(resume) {
  for (const id of ["problem", "resume"]) $(id).hidden = true;
  $("run").disabled = true;
  $("cancel").hidden = false;
  worker.postMessage({ ask: "stream", url: new URL(job.stream_url, location.href).href, headers: headers(), resume });
}

async function cancel() {
  const canceled = job;
  if (!canceled) return;
  try {
    const status = await ask(canceled.status_url, "DELETE");
    if (status.status !== "finished") return; // the next poll reports the end
    worker.terminate();
    job = null;
    fail(new ServiceProblem("STREAM_STOPPED", `stopped after ${number(rowsHere())} rows.`));
  } catch (error) {
    fail(error);
  }
}

// The answers.

function receive(message) {
  switch (message.type) {
    case "accepted":
      follow(message.job);
      break;
    case "domain_start":
      openDomain(message.domain, message.rows);
      break;
    case "records":
      stores.get(message.domain).add(message.bytes, message.places);
      arrived(message.domain);
      break;
    case "warning":
      $("facts").textContent += ` · ${message.code}: ${message.message}`;
      break;
    case "aggregation":
      stores.get(message.domain).without = message.cids_without_rows;
      label(message.domain);
      break;
    case "complete":
      finish(message, `complete: ${number(message.rows)} rows, SHA-256 ${message.sha256.slice(0, 16)}… verified.`);
      break;
    case "answered":
      tell("answered without a job");
      finish(message, `complete: ${number(message.rows)} rows.`);
      break;
    case "problem":
      if (message.code === "UNAUTHORIZED") $("token-form").hidden = false;
      $("progress").hidden = job === null; // no job was started
      $("resume").hidden = !(message.resumable && job);
      $("cancel").hidden = true;
      fail(new ServiceProblem(message.code, `${message.message}${incomplete(message)}`));
      break;
  }
}

function incomplete({ resumable }) {
  if (!stores.size) return "";
  return ` ${number(rowsHere())} rows were received, so the result is incomplete.${resumable ? " Resume continues after them." : ""}`;
}

function rowsHere() {
  return [...stores.values()].reduce((sum, store) => sum + store.rows, 0);
}

function finish({ domains }, verdict) {
  for (const [domain, rows] of Object.entries(domains)) {
    if (stores.get(domain)?.rows === rows) continue;
    fail(new ServiceProblem("STREAM_DAMAGED", `the number of rows of ${domain} is wrong.`));
    return;
  }
  $("bar").value = 1;
  $("run").disabled = false;
  $("cancel").hidden = true;
  $("verdict").textContent = verdict;
  $("verdict").hidden = false;
}

function openDomain(domain, expected) {
  if (stores.has(domain)) return;
  stores.set(domain, new RecordStore(domain, expected));
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `tab-${domain}`;
  tab.setAttribute("role", "tab");
  tab.addEventListener("click", () => showDomain(domain));
  $("tabs").append(tab);
  label(domain);
  if (shownDomain === null) showDomain(domain);
}

function showDomain(domain) {
  shownDomain = domain;
  for (const tab of $("tabs").children) tab.setAttribute("aria-selected", String(tab.id === `tab-${domain}`));
  table.show(stores.get(domain));
}

function arrived(domain) {
  label(domain);
  if (domain === shownDomain) table.refresh();
}

function label(domain) {
  const store = stores.get(domain);
  const without = store.without === undefined ? "" : ` · ${number(store.without)} CIDs without rows`;
  const rows = store.rows === store.expected ? number(store.rows) : `${number(store.rows)} of ${number(store.expected)}`;
  $(`tab-${domain}`).textContent = `${domain}: ${rows}${without}`;
}

function tell(state, facts = "") {
  $("state").textContent = state;
  $("facts").textContent = facts;
}

function fail(error) {
  $("problem").textContent = `${error.code ?? "SERVICE_UNREACHABLE"}: ${error.message}`;
  $("problem").hidden = false;
  $("verdict").hidden = true;
  $("run").disabled = false;
}

$("request").addEventListener("submit", (event) => { event.preventDefault(); run(); });
$("cids").addEventListener("input", countCids);
$("all").addEventListener("click", allOfTheWorkload);
$("clear").addEventListener("click", () => setCids([]));
$("cancel").addEventListener("click", cancel);
$("resume").addEventListener("click", () => stream(true));
$("file").addEventListener("change", async ({ target }) => {
  if (!target.files.length) return;
  const text = await target.files[0].text();
  setCids([...new Set(text.split(/[\s,;"']+/).filter(Boolean))]);
  target.value = "";
});
$("tabs").addEventListener("keydown", ({ key, target }) => {
  const other = { ArrowRight: target.nextElementSibling, ArrowLeft: target.previousElementSibling }[key];
  other?.focus();
  other?.click();
});
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("tracekit-token", $("token").value);
  start();
});
start();
