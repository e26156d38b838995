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

const PUBLIC_PATH = '__webpack_require__.p = "/";';

// The two inline scripts of OHIF's own start page; boot.js does the same from a file, so that the content
// security policy needs neither hashes nor 'unsafe-inline'.
const INLINE_SCRIPTS = [
  'console.time("scriptToView"),window.PUBLIC_URL="/"',
  'function browserImportFunction(n){return import(n)}window.PUBLIC_URL="/"',
];
const bootScript = (base) => `window.PUBLIC_URL = "${base}";
window.browserImportFunction = (name) => import(name);
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
  await cp(source, target, { recursive: true, filter: (path) => isKept(path.slice(source.length + 1)) });
  await minifyScripts({ source, target, base });
  await patch(join(target, "app.bundle.css"), /url\(\/(?=[0-9a-f]{16}\.)/g, `url(${base}`);
  await writeFile(join(target, "boot.js"), bootScript(base));
  await writeFile(join(target, "index.html"), startPage({ base, script }));
}

function isKept(path) {
  return !LEFT_OUT.some((pattern) => pattern.test(path)) && !/^[^/]+\.js$/.test(path);
}

function mainScript(page) {
  const inline = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map((match) => match[1]);
  if (JSON.stringify(inline) !== JSON.stringify(INLINE_SCRIPTS)) {
    throw new Error("OHIF's start page has other inline scripts than boot.js stands for: compare them");
  }
  return page.match(/<script defer[^>]* src="\/(app\.bundle\.[0-9a-f]+\.js)"/)[1];
}

// Webpack's public path is written into every entry: the application and its workers.
async function minifyScripts({ source, target, base }) {
  const names = await readdir(source);
  let moved = 0;
  const moveBase = (text) => {
    moved += text.split(PUBLIC_PATH).length - 1;
    return text.replaceAll(PUBLIC_PATH, `__webpack_require__.p = "${base}";`);
  };
  await build({
    entryPoints: names.filter((name) => name.endsWith(".js") && !LEFT_OUT.some((p) => p.test(name))).map((name) => join(source, name)),
    outdir: target,
    minify: true,
    legalComments: "linked",
    logLevel: "error",
    plugins: [{
      name: "base path",
      setup: (esbuild) => esbuild.onLoad({ filter: /\.js$/ }, async ({ path }) => ({
        contents: moveBase(await readFile(path, "utf8")), loader: "js",
      })),
    }],
  });
  if (moved !== 8) {
    throw new Error(`OHIF names its base path in ${moved} scripts, not in 8: look at what has changed`);
  }
}

async function patch(path, pattern, replacement) {
  const text = await readFile(path, "utf8");
  if (!pattern.test(text)) {
    throw new Error(`${path} has nothing to patch`);
  }
  await writeFile(path, text.replace(pattern, replacement));
}
