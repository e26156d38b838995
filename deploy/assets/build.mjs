// Lays out what the browser needs in dist/, from the packages that `npm ci` installed. Run: node build.mjs
//   dist/ohif/<version>/…           the viewer, patched for that path
//   dist/vendor/<name>-<version>/…  page framework
//   dist/assets.json                versions and paths, for the server
// The lock lists @ohif/app without its dependencies: dist/ holds them already, and not all of them are published.
// To upgrade it, write the version into package.json and package-lock.json, with the hash that
// `npm view @ohif/app@<version> dist.integrity` tells; ohif.mjs complains about what has changed inside.
// Text is stored a second and third time, gzipped and brotlied, as WhiteNoise and nginx serve it.
import { createHash } from "node:crypto";
import { cp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, "dist");
const FRESH = join(HERE, "node_modules/.dist");
const STATIC_URL = "/static/";
const INPUTS = ["package-lock.json", "build.mjs", "ohif.mjs"];

const VENDOR = {
  bootstrap: ["LICENSE", "dist/css/bootstrap.min.css", "dist/js/bootstrap.bundle.min.js"],
  "htmx.org": ["LICENSE", "dist/htmx.min.js"],
};

const COMPRESSIBLE = /\.(js|css|html|json|svg|wasm|txt|ico)$/;
const SMALLEST_WORTH_IT = 1024;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };
const GZIP = { level: 7 };

async function main() {
  const stamp = await inputHash();
  if (stamp === await readFile(join(DIST, ".stamp"), "utf8").catch(() => "")) {
    return;
  }
  // Built beside and renamed at the end: an interrupted run leaves nothing that looks finished.
  await rm(FRESH, { recursive: true, force: true });
  const assets = { ohif: await addOhif(), vendor: await addVendor() };
  await writeFile(join(FRESH, "assets.json"), JSON.stringify(assets, null, 2) + "\n");
  await compressAll(FRESH);
  await writeFile(join(FRESH, ".stamp"), stamp);
  await rm(DIST, { recursive: true, force: true });
  await rename(FRESH, DIST);
}

async function inputHash() {
  const hash = createHash("sha256");
  for (const name of INPUTS) {
    hash.update(await readFile(join(HERE, name)));
  }
  return hash.digest("hex");
}

async function addOhif() {
  const version = await installedVersion("@ohif/app");
  const folder = `ohif/${version}/`;
  // Imported here: loading esbuild takes longer than finding out that nothing is to be done.
  const { prepareOhif } = await import("./ohif.mjs");
  await prepareOhif({
    source: join(HERE, "node_modules/@ohif/app/dist"),
    target: join(FRESH, folder),
    base: STATIC_URL + folder,
  });
  await cp(join(HERE, "node_modules/@ohif/app/LICENSE"), join(FRESH, folder, "LICENSE"));
  return { version, base: STATIC_URL + folder, index: `${folder}index.html` };
}

async function addVendor() {
  const folders = {};
  for (const [name, files] of Object.entries(VENDOR)) {
    folders[name] = `vendor/${name}-${await installedVersion(name)}`;
    for (const file of files) {
      await cp(join(HERE, "node_modules", name, file), join(FRESH, folders[name], file.split("/").pop()));
    }
  }
  return folders;
}

async function installedVersion(name) {
  return JSON.parse(await readFile(join(HERE, "node_modules", name, "package.json"), "utf8")).version;
}

async function compressAll(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  await Promise.all(paths.map(compress));
}

async function compress(path) {
  const plain = await readFile(path);
  if (plain.length < SMALLEST_WORTH_IT) {
    return;
  }
  const [zipped, brotlied] = await Promise.all([
    promisify(gzip)(plain, GZIP), promisify(brotliCompress)(plain, BROTLI),
  ]);
  await writeFile(`${path}.gz`, zipped);
  await writeFile(`${path}.br`, brotlied);
}

await main();
