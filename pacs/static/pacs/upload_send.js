// Sends files in batches, a few requests at a time, until each is stored, refused or given up. Sending a file twice
// does no harm: the server answers "already there".
import { problemOf } from "./upload_gather.js";
import { look, store } from "./upload_stow.js";

const REQUESTS_AT_ONCE = 3;
const BATCH_FILES = 20;
const BATCH_BYTES = 64 * 2 ** 20;
const MOST_TRIES = 8;
const LONGEST_PAUSE_MS = 30_000;

// What an answer asks for. Everything else refuses the request as it is: its files are tried one by one.
const ANSWERED = new Set([200, 202, 409]);
const HALTS = new Map([[401, "signedOut"], [403, "forbidden"], [507, "full"]]);
const isPassing = (status) => status === 0 || status === 408 || status === 429 || status >= 500;

/**
 * Files have the states waiting, sending, stored, there, refused, failed (may be tried again), ignored, cancelled.
 * `halt` is null while sending goes on, else why not: paused, signedOut, forbidden, full or cancelled.
 */
export class Sending {
  files = [];
  counts = { waiting: 0, sending: 0, stored: 0, there: 0, refused: 0, failed: 0, ignored: 0, cancelled: 0 };
  running = new Set();
  bytes = 0;
  halt = null;
  #url;
  #csrfToken;
  #onProblem;
  #waiting = [];
  #workers = 0;
  #settledBytes = 0;
  #abort = new AbortController();
  #resumed = Promise.withResolvers();

  constructor({ url, csrfToken, onProblem }) {
    this.#url = url;
    this.#csrfToken = csrfToken;
    this.#onProblem = onProblem;
  }

  add({ name, size = 0, open, problem, isIgnored }) {
    const file = { name, size, open, state: "waiting", sent: 0, isAlone: false, blob: null, uid: null };
    this.files.push(file);
    this.counts.waiting += 1;
    this.bytes += size;
    if (isIgnored) {
      this.#settle(file, { state: "ignored" });
    } else if (problem) {
      this.#settle(file, { state: "refused", code: problem });
    } else if (this.halt === "cancelled") {
      this.#settle(file, { state: "cancelled" });
    } else {
      this.#waiting.push(file);
      this.#work();
    }
  }

  get isBusy() {
    return this.counts.waiting + this.counts.sending > 0;
  }

  get bytesSent() {
    return this.#settledBytes + [...this.running].reduce((sum, file) => sum + file.sent, 0);
  }

  pause(reason = "paused") {
    this.halt ??= reason;
    this.#abort.abort();
  }

  resume() {
    this.halt = null;
    this.#abort = new AbortController();
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers();
    this.#work();
  }

  cancel() {
    this.pause();
    this.halt = "cancelled";
    this.#waiting.splice(0).forEach((file) => this.#settle(file, { state: "cancelled" }));
    this.#resumed.resolve();
  }

  retryFailed() {
    this.halt = null;
    this.files.filter((file) => file.state === "failed").forEach((file) => {
      this.#settledBytes -= file.size;
      this.#requeue(file);
    });
    this.resume();
  }

  async #work() {
    if (this.#workers >= REQUESTS_AT_ONCE || this.halt) {
      return;
    }
    this.#workers += 1;
    while (this.#waiting.length > 0 && await this.#mayGoOn()) {
      const batch = await this.#nextBatch();
      if (batch.length > 0) {
        await this.#send(batch);
      }
    }
    this.#workers -= 1;
  }

  async #mayGoOn() {
    while (this.halt && this.halt !== "cancelled") {
      await this.#resumed.promise;
    }
    return this.halt !== "cancelled";
  }

  // Answers name instances, not parts: a batch holds distinct UIDs only, and a file without one travels alone.
  async #nextBatch() {
    const batch = [];
    let size = 0;
    while (batch.length < BATCH_FILES && this.#waiting.length > 0) {
      if (batch.length > 0 && (this.#waiting[0].isAlone || size + this.#waiting[0].size > BATCH_BYTES)) {
        break;
      }
      const file = this.#waiting.shift();
      if (!await this.#prepare(file)) {
        continue;
      }
      file.isAlone ||= file.uid === null;
      if (batch.length > 0 && (file.isAlone || batch.some(({ uid }) => uid === file.uid))) {
        this.#requeue(file);
        break;
      }
      batch.push(file);
      size += file.size;
      if (file.isAlone) {
        break;
      }
    }
    return batch;
  }

  async #prepare(file) {
    this.#change(file, "sending");
    try {
      file.blob = await file.open();
      const { isDicom, uid } = await look(file.blob);
      file.uid = uid;
      if (!isDicom) {
        this.#settle(file, { state: "refused", code: "notDicom" });
      }
      return isDicom;
    } catch (error) {
      this.#settle(file, { state: "refused", code: problemOf(error) });
      return false;
    }
  }

  async #send(batch) {
    batch.forEach((file) => this.running.add(file));
    for (let tries = 1; await this.#mayGoOn();) {
      const answer = await this.#request(batch);
      if (ANSWERED.has(answer.status) || answer.results.some(Boolean)) {
        batch.forEach((file, index) => this.#conclude(file, answer.results[index], batch.length));
        return;
      }
      if (HALTS.has(answer.status)) {
        this.pause(HALTS.get(answer.status));
      } else if (this.halt) {
        continue; // aborted by ourselves
      } else if (!isPassing(answer.status)) {
        batch.forEach((file) => this.#conclude(file, null, batch.length, `http ${answer.status}`));
        return;
      } else if (tries === MOST_TRIES) {
        batch.forEach((file) => this.#settle(file, { state: "failed", code: "unreachable" }));
        return;
      } else {
        await pause(Math.max(answer.retryAfter * 1000, backOff(tries)));
        tries += 1;
      }
    }
    batch.forEach((file) => this.#settle(file, { state: "cancelled" }));
  }

  #request(batch) {
    return store({
      url: this.#url,
      files: batch,
      csrfToken: this.#csrfToken(),
      signal: this.#abort.signal,
      onProgress: (sent) => batch.forEach((file, index) => { file.sent = sent[index]; }),
    });
  }

  #conclude(file, result, batchSize, code = "unclear") {
    if (result) {
      this.#settle(file, result);
    } else if (batchSize > 1) {
      file.isAlone = true;
      this.#requeue(file);
    } else {
      this.#settle(file, { state: "refused", code });
    }
  }

  #requeue(file) {
    if (this.halt === "cancelled") {
      this.#settle(file, { state: "cancelled" });
      return;
    }
    this.#release(file);
    this.#change(file, "waiting");
    this.#waiting.unshift(file);
  }

  #settle(file, { state, code = null, text = null }) {
    this.#release(file);
    this.#change(file, state);
    this.#settledBytes += file.size;
    Object.assign(file, { code, text });
    if (state === "refused" || state === "failed") {
      this.#onProblem(file);
    }
  }

  // What was unpacked from a ZIP is let go.
  #release(file) {
    this.running.delete(file);
    file.blob = null;
    file.sent = 0;
  }

  #change(file, state) {
    this.counts[file.state] -= 1;
    this.counts[state] += 1;
    file.state = state;
  }
}

// Doubles from one second, and differs between browsers that lost the same server.
const backOff = (tries) => Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
