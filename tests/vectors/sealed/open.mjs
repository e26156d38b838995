// Opens the golden objects with nothing but Node's crypto, to prove that FORMAT.md says enough.
// Prints one line for each object: its name and the SHA-256 of its plaintext. Ends with 1 at the first that does not open.
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const SEGMENT = 65536;
const uuid = (text) => Buffer.from(text.replaceAll("-", ""), "hex");
const u32 = (number) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(number); return bytes; };
const u64 = (number) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(BigInt(number)); return bytes; };
const must = (holds, what) => { if (!holds) throw new Error(what); };

function expand(key, info, length) {
  let block = Buffer.alloc(0), out = Buffer.alloc(0);
  for (let counter = 1; out.length < length; counter++) {
    block = createHmac("sha384", key).update(block).update(info).update(Buffer.from([counter])).digest();
    out = Buffer.concat([out, block]);
  }
  return out.subarray(0, length);
}

function unwrap(key, wrapped) {
  const decipher = createDecipheriv("id-aes256-wrap", key, Buffer.alloc(8, 0xa6));
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

function open(object, { tenant_id, object_id, kind, key }) {
  must(object.subarray(0, 8).equals(Buffer.from("895053450d0a1a0a", "hex")), "magic");
  must(object.subarray(8, 12).equals(Buffer.from([1, 1, kind, 0])), "version, suite, kind, flags");
  must(object.subarray(12, 28).equals(uuid(tenant_id)), "tenant");
  must(object.subarray(28, 44).equals(uuid(object_id)), "object");
  must(object.subarray(44, 64).equals(Buffer.concat([uuid(key.id), u32(key.version)])), "key");
  const wrapInfo = Buffer.concat([Buffer.from("pse1/kw\0"), object.subarray(12, 64)]);
  const dataKey = unwrap(expand(Buffer.from(key.secret, "hex"), wrapInfo, 32), object.subarray(64, 104));
  const parameters = object.subarray(104, 114);
  must(parameters.equals(Buffer.concat([Buffer.alloc(2), u32(SEGMENT), u32(32)])), "parameters");
  const aad = Buffer.concat([Buffer.from("pse1\0"), object.subarray(8, 44)]);
  const derive = (from, purpose, length) =>
    expand(from, Buffer.concat([object.subarray(104, 146), purpose, aad]), length);
  must(timingSafeEqual(derive(dataKey, Buffer.from("HEADER_TAG:"), 32), object.subarray(146, 178)), "header tag");
  return openBody(object.subarray(178), derive(dataKey, Buffer.from("MESSAGE_KEY:"), 48), derive);
}

function openBody(body, messageKey, derive) {
  const pieces = [];
  for (let position = 0, isLast = false; !isLast; position++) {
    const segment = body.subarray(position * SEGMENT, (position + 1) * SEGMENT);
    isLast = (position + 1) * SEGMENT >= body.length;
    must(segment.length >= 32 && segment.readUInt32BE() === (isLast ? segment.length : 0xffffffff), "length word");
    const keyPosition = (BigInt(position) >> 20n) << 20n;
    const key = derive(messageKey, Buffer.concat([Buffer.from("DEK:"), u64(keyPosition)]), 32);
    const decipher = createDecipheriv("aes-256-gcm", key, segment.subarray(4, 16));
    decipher.setAAD(Buffer.concat([u64(position), Buffer.from([isLast ? 1 : 0])]));
    decipher.setAuthTag(segment.subarray(-16));
    pieces.push(decipher.update(segment.subarray(16, -16)), decipher.final());
  }
  return Buffer.concat(pieces);
}

for (const entry of JSON.parse(readFileSync(new URL("golden.json", import.meta.url)))) {
  const object = readFileSync(new URL(`${entry.name}.sealed`, import.meta.url));
  console.log(entry.name, createHash("sha256").update(open(object, entry)).digest("hex"));
}
