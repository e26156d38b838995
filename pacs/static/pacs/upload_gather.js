// Turns what people drop or choose (files, folders, ZIPs, ZIPs in ZIPs) into single files, one after the other.
import { listZip, ZipRefused } from "./unzip.js";

// What operating systems and CDs put beside images. A DICOMDIR is an index of its neighbours.
const BESIDE_IMAGES = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|autorun\.inf|DICOMDIR|\._[^/]*|__MACOSX\/.*)$/i;
const DEEPEST_ZIP = 2;

/**
 * Yields { name, size, open() } for each file, where `open` resolves to a Blob and may throw ZipRefused;
 * { name, isIgnored: true } for what is no image by its name; { name, problem } for an archive that cannot be read.
 */
export async function* gather(sources) {
  for (const source of sources) {
    for await (const { name, file } of filesOf(source)) {
      yield* unpacked({ name, size: file.size, open: async () => file }, 0);
    }
  }
}

/** Must be called within the drop event: the browser empties its list afterwards. */
export function droppedSources(transfer) {
  return [...transfer.items].filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
}

async function* filesOf(source) {
  if (source instanceof File) {
    yield { name: source.webkitRelativePath || source.name, file: source };
  } else if (source.isFile) {
    const file = await new Promise((resolve, reject) => { source.file(resolve, reject); });
    yield { name: source.fullPath.replace(/^\//, ""), file };
  } else {
    for await (const child of childrenOf(source)) {
      yield* filesOf(child);
    }
  }
}

// A reader hands out about 100 entries at a time, and none when it is done.
async function* childrenOf(folder) {
  const reader = folder.createReader();
  for (;;) {
    const children = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (children.length === 0) {
      return;
    }
    yield* children;
  }
}

async function* unpacked(file, depth) {
  if (BESIDE_IMAGES.test(file.name)) {
    yield { name: file.name, isIgnored: true };
  } else if (!/\.zip$/i.test(file.name)) {
    yield file;
  } else if (depth === DEEPEST_ZIP) {
    yield { name: file.name, problem: "zipTooDeep" };
  } else {
    yield* zipped(file, depth);
  }
}

async function* zipped(archive, depth) {
  let entries;
  try {
    entries = await listZip(await archive.open());
  } catch (error) {
    yield { name: archive.name, problem: problemOf(error) };
    return;
  }
  for (const entry of entries) {
    yield* unpacked({ ...entry, name: `${archive.name}/${entry.name}` }, depth + 1);
  }
}

/** Names the text for an error met while reading a file. */
export function problemOf(error) {
  const zip = { damaged: "zipDamaged", encrypted: "zipEncrypted", method: "zipMethod", tooLarge: "zipTooLarge" };
  return error instanceof ZipRefused ? zip[error.reason] : "unreadable";
}
