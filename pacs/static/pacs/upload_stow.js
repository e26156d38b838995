// One STOW-RS request: PS3.18 §10.5, its answer §10.5.3 and Annex I.

const STORED = "00081199"; // Referenced SOP Sequence
const FAILED = "00081198"; // Failed SOP Sequence
const FAILED_UNNAMED = "0008119A"; // Other Failures Sequence: nothing could be read that names the instance
const SOP_UID = "00081155";
const FAILURE = "00081197";
const WARNING = "00081196";
const COMMENT = "00000902"; // Error Comment: our server's sentence for people
const ALREADY_THERE = 0xb010; // our server's Warning Reason; PS3.18 lets a server have its own

/**
 * Sends files as they lie on the disk. Each is { blob, uid }; `onProgress` hears how many bytes of each are sent.
 * Resolves to { status, retryAfter, results }: one result per file, { state, code, text } with the state "stored",
 * "there" or "refused", or null where the answer does not speak of it. Status 0: no answer at all.
 */
export function store({ url, files, csrfToken, onProgress, signal }) {
  const boundary = [...crypto.getRandomValues(new Uint32Array(4))].map((word) => word.toString(36)).join("-");
  const { body, starts } = multipart(files, boundary);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.setRequestHeader("Accept", "application/dicom+json");
    request.setRequestHeader("X-CSRFToken", csrfToken);
    request.upload.onprogress = (event) => onProgress(files.map(({ blob }, index) => (
      Math.min(Math.max(event.loaded - starts[index], 0), blob.size)
    )));
    const abort = () => request.abort();
    request.onloadend = () => {
      signal.removeEventListener("abort", abort);
      resolve({
        status: request.status,
        retryAfter: Number(request.getResponseHeader("Retry-After")) || 0,
        results: results(files, request.responseText),
      });
    };
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}

// A Blob of Blobs: nothing is read into memory, the browser streams it from the disk.
function multipart(files, boundary) {
  const parts = [];
  const starts = [];
  let size = 0;
  for (const { blob } of files) {
    const header = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    starts.push(size + header.length);
    parts.push(header, blob, "\r\n");
    size += header.length + blob.size + 2;
  }
  return { body: new Blob([...parts, `--${boundary}--\r\n`]), starts };
}

function results(files, text) {
  const answer = parsed(text);
  const named = new Map([
    ...(answer[FAILED]?.Value ?? []).map((item) => [value(item, SOP_UID), refusal(item)]),
    ...(answer[STORED]?.Value ?? []).map((item) => [value(item, SOP_UID), success(item)]),
  ]);
  if (files.length === 1) {
    const unnamed = answer[FAILED_UNNAMED]?.Value?.[0];
    return [[...named.values()][0] ?? (unnamed ? refusal(unnamed) : null)];
  }
  return files.map(({ uid }) => named.get(uid) ?? null);
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const value = (item, tag) => item[tag]?.Value?.[0];
const refusal = (item) => ({ state: "refused", code: value(item, FAILURE), text: value(item, COMMENT) });
const success = (item) => ({
  state: value(item, WARNING) === ALREADY_THERE ? "there" : "stored", code: value(item, WARNING), text: value(item, COMMENT),
});

/**
 * Looks at the first bytes of a file: { isDicom, uid }. `uid` is its SOP Instance UID from the file meta information
 * (PS3.10 §7.1), null where there is none. Files without preamble begin with group 0002 or 0008.
 */
export async function look(blob) {
  const data = new DataView(await blob.slice(0, 1024).arrayBuffer());
  if (data.byteLength >= 132 && data.getUint32(128) === 0x4449434d) { // "DICM"
    return { isDicom: true, uid: metaUid(data, 132) };
  }
  const group = data.byteLength >= 8 ? data.getUint16(0, true) : 0;
  return { isDicom: [0x0002, 0x0008, 0x0800].includes(group), uid: null };
}

// File meta information is always Explicit VR Little Endian.
function metaUid(data, start) {
  for (let at = start; at + 8 <= data.byteLength && data.getUint16(at, true) === 2;) {
    const isLong = ["OB", "UN"].includes(String.fromCharCode(data.getUint8(at + 4), data.getUint8(at + 5)));
    const size = isLong && at + 12 <= data.byteLength ? data.getUint32(at + 8, true) : data.getUint16(at + 6, true);
    const value = at + (isLong ? 12 : 8);
    if (data.getUint16(at + 2, true) === 3 && value + size <= data.byteLength) {
      return new TextDecoder("latin1").decode(data.buffer.slice(value, value + size)).replace(/[\0 ]+$/, "") || null;
    }
    at = value + size;
  }
  return null;
}
