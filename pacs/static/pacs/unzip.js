// Reads ZIP files where they lie: the directory first, then one entry at a time when it is needed, so that an
// archive of any size takes little memory. Format: PKWARE APPNOTE 6.3.10 (sections in brackets).

const END = { signature: 0x06054b50, size: 22, longestComment: 0xffff }; // [4.3.16]
const END_64 = { signature: 0x06064b50, size: 56 }; // [4.3.14]
const LOCATOR_64 = { signature: 0x07064b50, size: 20 }; // [4.3.15]
const DIRECTORY = { signature: 0x02014b50, size: 46 }; // [4.3.12]
const LOCAL = { signature: 0x04034b50, size: 30 }; // [4.3.7]
const STORED = 0;
const DEFLATED = 8;

// An archive that would unpack to more is not unpacked. Deflate reaches 1032:1, a study of images 20:1.
const MOST_ENTRIES = 200_000;
const LARGEST_DIRECTORY = 64 * 2 ** 20;
const LARGEST_ENTRY = 4 * 2 ** 30;
const HARMLESS_TOTAL = 2 ** 30;
const HIGHEST_RATIO = 100;

/** `reason` is one of: damaged, encrypted, method, tooLarge. */
export class ZipRefused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Lists the files of an archive: [{ name, size, open() }]; `open` resolves to a Blob or throws ZipRefused. */
export async function listZip(archive) {
  const end = await findEnd(archive);
  if (end.entries > MOST_ENTRIES || end.size > LARGEST_DIRECTORY) {
    throw new ZipRefused("tooLarge");
  }
  const directory = await view(archive, end.offset, end.size);
  const entries = [...directoryEntries(directory, end.entries)];
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total > HARMLESS_TOTAL && total > HIGHEST_RATIO * archive.size) {
    throw new ZipRefused("tooLarge");
  }
  return entries.filter((entry) => !entry.name.endsWith("/"))
    .map((entry) => ({ name: entry.name, size: entry.size, open: () => openEntry(archive, entry) }));
}

async function findEnd(archive) {
  const start = Math.max(0, archive.size - END.size - END.longestComment);
  const tail = await view(archive, start, archive.size - start);
  for (let at = tail.byteLength - END.size; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) === END.signature && at + END.size + tail.getUint16(at + 20, true) === tail.byteLength) {
      return await findEnd64(archive, start + at) ?? {
        entries: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), offset: tail.getUint32(at + 16, true),
      };
    }
  }
  throw new ZipRefused("damaged");
}

async function findEnd64(archive, endAt) {
  const locator = endAt < LOCATOR_64.size ? null : await view(archive, endAt - LOCATOR_64.size, LOCATOR_64.size);
  if (locator?.getUint32(0, true) !== LOCATOR_64.signature) {
    return null;
  }
  const end = await view(archive, long(locator, 8), END_64.size);
  expect(end, END_64);
  return { entries: long(end, 32), size: long(end, 40), offset: long(end, 48) };
}

function* directoryEntries(directory, count) {
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + DIRECTORY.size > directory.byteLength) {
      throw new ZipRefused("damaged");
    }
    const header = part(directory, at, DIRECTORY.size);
    expect(header, DIRECTORY);
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((offset) => header.getUint16(offset, true));
    const rest = part(directory, at + DIRECTORY.size, nameSize + extraSize);
    yield {
      name: decodeName(part(rest, 0, nameSize)),
      isEncrypted: (header.getUint16(8, true) & 1) === 1,
      method: header.getUint16(10, true),
      checksum: header.getUint32(16, true),
      ...placeAndSizes(header, part(rest, nameSize, extraSize)),
    };
    at += DIRECTORY.size + nameSize + extraSize + commentSize;
  }
}

// Values that do not fit into 32 bits stand in the extra field 1, in this order [4.5.3].
function placeAndSizes(header, extra) {
  const wide = wideValues(extra);
  const value = (offset) => (header.getUint32(offset, true) === 0xffffffff ? wide.next().value ?? 0 : header.getUint32(offset, true));
  return { size: value(24), packedSize: value(20), offset: value(42) };
}

function* wideValues(extra) {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const size = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1) {
      for (let value = at + 4; value + 8 <= Math.min(at + 4 + size, extra.byteLength); value += 8) {
        yield long(extra, value);
      }
    }
    at += 4 + size;
  }
}

async function openEntry(archive, entry) {
  if (entry.isEncrypted) {
    throw new ZipRefused("encrypted");
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ZipRefused("method");
  }
  if (entry.size > LARGEST_ENTRY) {
    throw new ZipRefused("tooLarge");
  }
  const local = await view(archive, entry.offset, LOCAL.size);
  expect(local, LOCAL);
  const start = entry.offset + LOCAL.size + local.getUint16(26, true) + local.getUint16(28, true);
  const packed = archive.slice(start, start + entry.packedSize).stream();
  const plain = entry.method === STORED ? packed : packed.pipeThrough(new DecompressionStream("deflate-raw"));
  try {
    return await new Response(plain.pipeThrough(verifier(entry))).blob();
  } catch (error) {
    throw error instanceof ZipRefused ? error : new ZipRefused("damaged");
  }
}

// Stops at the first byte beyond the announced size; at the end, size and CRC-32 must be the announced ones.
function verifier(entry) {
  let size = 0;
  let checksum = 0xffffffff;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > entry.size) {
        controller.error(new ZipRefused("damaged"));
        return;
      }
      checksum = crc32(checksum, chunk);
      controller.enqueue(chunk);
    },
    flush(controller) {
      if (size !== entry.size || (~checksum >>> 0) !== entry.checksum) {
        controller.error(new ZipRefused("damaged"));
      }
    },
  });
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

function crc32(checksum, bytes) {
  let value = checksum;
  for (let index = 0; index < bytes.length; index += 1) {
    value = CRC_TABLE[(value ^ bytes[index]) & 0xff] ^ (value >>> 8);
  }
  return value;
}

async function view(blob, offset, size) {
  const bytes = await blob.slice(offset, offset + size).arrayBuffer();
  if (bytes.byteLength !== size) {
    throw new ZipRefused("damaged");
  }
  return new DataView(bytes);
}

function part(data, offset, size) {
  if (offset + size > data.byteLength) {
    throw new ZipRefused("damaged");
  }
  return new DataView(data.buffer, data.byteOffset + offset, size);
}

function expect(header, { signature }) {
  if (header.getUint32(0, true) !== signature) {
    throw new ZipRefused("damaged");
  }
}

const long = (data, offset) => Number(data.getBigUint64(offset, true));

// Shown to people, never a path. Old archives use a code page that nothing names.
function decodeName(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}
