// The upload page. <script type="module">; it finds on the page
//   #upload          data-url (STOW root + "/studies"), data-csrf-cookie; gets the class is-over while dragging
//   #upload-files    <input type="file" multiple>;  #upload-folder  <input type="file" webkitdirectory>
//   #upload-panel    hidden until there is something to show; holds all that follows
//   #upload-bar      <progress max="1">;  #upload-summary, #upload-speed  plain text;  #upload-status  role="status"
//   #upload-halt     role="alert", why sending stands still;  #upload-sign-in  <a target="_blank">, when signed out
//   #upload-pause, #upload-resume, #upload-cancel, #upload-retry, #upload-csv  buttons
//   #upload-running  <ul>, files on their way;  #upload-problems  <table> (file, reason) with a <tbody>;
//   #upload-more     text below the table;  #upload-done  shown at the end (link to the study list)
//   #upload-texts    <script type="application/json">: every sentence, translated
// Every element named here must be there. Files may be dropped anywhere on the page.
import { droppedSources, gather } from "./upload_gather.js";
import { Sending } from "./upload_send.js";

const DRAW_EVERY_MS = 250;
const SPEAK_EVERY_MS = 10_000;
const SPEED_OVER_MS = 10_000;
const MOST_ROWS = 200;

const at = (name) => document.getElementById(name ? `upload-${name}` : "upload");
const texts = JSON.parse(at("texts").textContent);
const { url, csrfCookie } = at().dataset;
const language = document.documentElement.lang || undefined;
const sending = new Sending({ url, csrfToken, onProblem: addProblem });
const samples = []; // [time, bytes sent], over the last seconds
const rows = new Map(); // file on its way -> its row
let gathering = 0;
let problems = 0;
let spokenAt = 0;
let timer = null;

function csrfToken() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(`${csrfCookie}=`));
  return cookie ? decodeURIComponent(cookie.slice(csrfCookie.length + 1)) : "";
}

// --- Taking files ----------------------------------------------------------------------------------------------

async function take(sources) {
  if (sources.length === 0) {
    return;
  }
  if (!isActive()) {
    sending.resume(); // after a cancelled upload this is a new one
  }
  gathering += 1;
  start();
  let breath = performance.now();
  try {
    for await (const file of gather(sources)) {
      sending.add(file);
      if (performance.now() - breath > 30) { // thousands of files without freezing the page
        await new Promise((resolve) => { setTimeout(resolve); });
        breath = performance.now();
      }
    }
  } catch {
    sending.add({ name: sources.map((source) => source.name).join(", "), problem: "unreadable" });
  }
  gathering -= 1;
}

function chooseWith(input) {
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
}

function acceptDrops() {
  const hold = (event) => {
    event.preventDefault();
    at().classList.toggle("is-over", event.type === "dragover");
  };
  document.addEventListener("dragover", hold);
  document.addEventListener("dragleave", hold);
  document.addEventListener("drop", (event) => {
    hold(event);
    take(droppedSources(event.dataTransfer));
  });
}

// --- Showing ---------------------------------------------------------------------------------------------------

const isActive = () => gathering > 0 || sending.isBusy;

function start() {
  at("panel").hidden = false;
  timer ??= setInterval(draw, DRAW_EVERY_MS);
}

function draw() {
  const sent = sending.bytesSent;
  samples.push([performance.now(), sent]);
  while (samples[0][0] < performance.now() - SPEED_OVER_MS) {
    samples.shift();
  }
  at("bar").value = sending.bytes ? sent / sending.bytes : 1;
  at("summary").textContent = summary();
  at("speed").textContent = isActive() && !sending.halt ? pace(sent) : "";
  drawButtons();
  drawRunning();
  speak();
  if (!isActive()) {
    finish();
  }
}

function summary() {
  return ["stored", "there", "refused", "failed", "waiting", "ignored", "cancelled"]
    .map((state) => [state, sending.counts[state] + (state === "waiting" ? sending.counts.sending : 0)])
    .filter(([state, count]) => count > 0 || state === "stored")
    .map(([state, count]) => fill(texts.counts[state], { count: count.toLocaleString(language) }))
    .join(" · ");
}

function pace(sent) {
  const [time, bytes] = samples[0];
  const perSecond = (1000 * (sent - bytes)) / Math.max(performance.now() - time, 1);
  const sizes = { sent: size(sent), total: size(sending.bytes), speed: size(perSecond) };
  if (gathering > 0 || perSecond < 1) {
    return fill(texts.paceUnknown, sizes);
  }
  return fill(texts.pace, { ...sizes, time: duration((sending.bytes - sent) / perSecond) });
}

function size(bytes) {
  const [unit, scale] = [["gigabyte", 1e9], ["megabyte", 1e6], ["kilobyte", 1e3]].find(([, factor]) => bytes >= factor)
    ?? ["kilobyte", 1e3];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: bytes < 10 * scale ? 1 : 0 })
    .format(bytes / scale);
}

function duration(seconds) {
  const [unit, scale] = [["hour", 3600], ["minute", 60]].find(([, factor]) => seconds >= 2 * factor) ?? ["second", 1];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 })
    .format(Math.ceil(seconds / scale));
}

function drawButtons() {
  const active = isActive();
  at("halt").textContent = (active && texts.halts[sending.halt]) || "";
  at("sign-in").hidden = sending.halt !== "signedOut";
  at("pause").hidden = !active || sending.halt !== null;
  at("resume").hidden = !active || sending.halt === null || sending.halt === "cancelled";
  at("cancel").hidden = !active;
  at("retry").hidden = active || sending.counts.failed === 0;
  at("csv").hidden = active;
  at("done").hidden = active || sending.counts.stored + sending.counts.there === 0;
}

function drawRunning() {
  for (const [file, row] of rows) {
    if (!sending.running.has(file)) {
      row.remove();
      rows.delete(file);
    }
  }
  for (const file of sending.running) {
    const row = rows.get(file) ?? addRow(file);
    row.lastChild.value = file.size ? file.sent / file.size : 0;
  }
}

function addRow(file) {
  const name = make("span", file.name);
  const bar = Object.assign(make("progress"), { max: 1, value: 0, ariaLabel: file.name });
  const row = make("li", name, bar);
  rows.set(file, row);
  at("running").append(row);
  return row;
}

function addProblem(file) {
  problems += 1;
  if (problems <= MOST_ROWS) {
    at("problems").tBodies[0].append(make("tr", make("td", file.name), make("td", reason(file))));
  } else {
    at("more").textContent = fill(texts.more, { count: (problems - MOST_ROWS).toLocaleString(language) });
  }
}

function reason({ code, text }) {
  if (text) {
    return text;
  }
  const key = typeof code === "number" ? code.toString(16).toUpperCase().padStart(4, "0") : code;
  return texts.reasons[key] ?? fill(texts.otherReason, { code: key ?? "" });
}

function speak() {
  const isOver = !isActive();
  if (isOver || performance.now() - spokenAt > SPEAK_EVERY_MS) {
    spokenAt = performance.now();
    const percent = at("bar").value.toLocaleString(language, { style: "percent" });
    at("status").textContent = fill(isOver ? texts.finished : texts.progress, { percent, summary: summary() });
  }
}

function finish() {
  clearInterval(timer);
  timer = null;
  samples.length = 0;
  spokenAt = 0;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function make(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

// --- The table of results --------------------------------------------------------------------------------------

function table() {
  const lines = sending.files.map((file) => [
    file.name, file.size, texts.states[file.state], file.code || file.text ? reason(file) : "",
  ]);
  return [texts.columns, ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
}

// A spreadsheet takes a cell that begins with one of these for a formula: a file name must not become one.
function cell(value) {
  const text = String(value).replace(/^[=+\-@\t\r]/, "'$&");
  return `"${text.replaceAll('"', '""')}"`;
}

function download() {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", table()], { type: "text/csv;charset=utf-8" }));
  link.download = texts.csvName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// --- Putting it in place ---------------------------------------------------------------------------------------

const act = (name, action) => at(name).addEventListener("click", () => {
  action();
  start();
  draw();
});

function resumeIfSignedOut() {
  if (sending.halt === "signedOut") {
    sending.resume(); // a person who is still signed out is halted again by the next answer
  }
}

function retry() {
  at("problems").tBodies[0].replaceChildren();
  problems = 0;
  at("more").textContent = "";
  sending.files.filter((file) => file.state === "refused").forEach(addProblem);
  sending.retryFailed();
}

act("pause", () => sending.pause());
act("resume", () => sending.resume());
act("cancel", () => sending.cancel());
act("retry", retry);
at("csv").addEventListener("click", download);
chooseWith(at("files"));
chooseWith(at("folder"));
acceptDrops();
window.addEventListener("focus", resumeIfSignedOut);
window.addEventListener("beforeunload", (event) => {
  if (isActive()) {
    event.preventDefault();
  }
});
