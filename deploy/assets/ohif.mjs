// Prepares OHIF's prebuilt viewer to live under a fixed path on our own origin, without inline scripts.
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

// Left out: the 139 MB ONNX runtime (its tool downloads models from elsewhere), the slide-microscopy viewer
// (whose route we do not serve), maps, service worker, other sites' configuration, launcher icons, polyfills
// of browsers that cannot run the viewer, and sign-in by OpenID Connect (we use the session cookie).
const LEFT_OUT = [
  /^ort(\/|$)/,
  /^dicom-microscopy-viewer(\/|$)/,
  /^customizations(\/|$)/,
  /^assets\/(?!images(\/|$)|favicon)/,
  /^(app-config|google|init-service-worker|sw|es6-shim\.min|polyfill\.min|oidc-client\.min)\.js$/,
  /^(index|silent-refresh)\.html$/,
  /^(manifest|serve)\.json$/,
  /^_/,
  /\.map$/,
];

// Changes to OHIF's scripts; each must find what it changes exactly so often.
const changes = (base) => [
  { // Webpack's public path, in the application and in its seven workers.
    find: '__webpack_require__.p = "/";', replacement: `__webpack_require__.p = "${base}";`, times: 8,
  },
  { // A VOI LUT Function (0028,1056) is taken for a list, so "SIGMOID" becomes "S" and mammograms stay black
    // (cornerstonejs/cornerstone3D#2844).
    find: "voiLutModule.voiLUTFunction[0]", replacement: "[voiLutModule.voiLUTFunction].flat()[0]", times: 1,
  },
  { // An SR item without Concept Name Code Sequence, which PS3.3 C.17.3 allows, empties the page.
    find: "} = ConceptNameCodeSequence;", replacement: "} = ConceptNameCodeSequence ?? {};", times: 2,
  },
];

// The two inline scripts of OHIF's own start page; boot.js does the same from a file, so that the content
// security policy needs neither hashes nor 'unsafe-inline'.
const INLINE_SCRIPTS = [
  'console.time("scriptToView"),window.PUBLIC_URL="/"',
  'function browserImportFunction(n){return import(n)}window.PUBLIC_URL="/"',
];
const bootScript = (base) => `window.PUBLIC_URL = "${base}";
window.browserImportFunction = (name) => import(name);
console.time("scriptToView");
`;

// One page for every clinic and share: "viewer/app-config.js" is relative to the address <root>/viewer?…,
// so the browser asks each root for its own configuration.
const startPage = ({ base, script }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Viewer</title>
<link rel="icon" href="${base}assets/favicon.ico">
<link rel="stylesheet" href="${base}app.bundle.css">
<link rel="stylesheet" href="/static/pacs/viewer.css">
<script src="${base}boot.js"></script>
<script src="viewer/app-config.js"></script>
<script src="/static/pacs/viewer.js"></script>
<script defer src="${base}${script}"></script>
</head>
<body>
<div id="react-portal"></div>
<div id="root"></div>
</body>
</html>
`;

export async function prepareOhif({ source, target, base }) {
  const page = await readFile(join(source, "index.html"), "utf8");
  const script = mainScript(page);
  await cp(source, target, { recursive: true, filter: (path) => !isLeftOut(path.slice(source.length + 1)) });
  await minifyScripts({ source, target, base });
  await patch(join(target, "app.bundle.css"), /url\(\/(?=[0-9a-f]{16}\.)/g, `url(${base}`);
  await writeFile(join(target, "boot.js"), bootScript(base));
  await writeFile(join(target, "index.html"), startPage({ base, script }));
}

function isLeftOut(path) {
  return LEFT_OUT.some((pattern) => pattern.test(path));
}

function mainScript(page) {
  const inline = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map((match) => match[1]);
  if (JSON.stringify(inline) !== JSON.stringify(INLINE_SCRIPTS)) {
    throw new Error("OHIF's start page has other inline scripts than boot.js stands for: compare them");
  }
  return page.match(/<script defer[^>]* src="\/(app\.bundle\.[0-9a-f]+\.js)"/)[1];
}

async function minifyScripts({ source, target, base }) {
  const names = (await readdir(source)).filter((name) => /\.js$/.test(name) && !isLeftOut(name));
  const wanted = changes(base).map((change) => ({ ...change, found: 0 }));
  await build({
    entryPoints: names.map((name) => join(source, name)),
    outdir: target,
    minify: true,
    legalComments: "linked",
    logLevel: "error",
    plugins: [{
      name: "changes",
      setup: (esbuild) => esbuild.onLoad({ filter: /\.js$/ }, async ({ path }) => ({
        contents: wanted.reduce(apply, await readFile(path, "utf8")), loader: "js",
      })),
    }],
  });
  const wrong = wanted.find((change) => change.found !== change.times);
  if (wrong) {
    throw new Error(`OHIF has "${wrong.find}" ${wrong.found} times, not ${wrong.times}: look at what has changed`);
  }
}

function apply(text, change) {
  const parts = text.split(change.find);
  change.found += parts.length - 1;
  return parts.join(change.replacement);
}

async function patch(path, pattern, replacement) {
  const text = await readFile(path, "utf8");
  if (!pattern.test(text)) {
    throw new Error(`${path} has nothing to patch`);
  }
  await writeFile(path, text.replace(pattern, replacement));
}
