/**
 * How the pages are built: `dist/` is the product, `SCENES=1` makes `../build/scenes/` for pictures.
 *
 * Nothing here depends on time, path or git: two builds of one source are equal. Sizes are counted
 * and a first screen that grew too large fails the build.
 */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type Rollup } from "vite";

type Bundle = Rollup.OutputBundle;

/** Bytes that may be loaded, compressed, before the first screen is usable. */
const FIRST_SCREEN = 250_000;
const LANGUAGES = /[\\/](?:en-US|de-DE|es-ES)\.m?js$/;
const scenes = process.env["SCENES"] === "1";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), fewerLanguages(), ...(scenes ? [] : [offlineShell(), sizes()])],
  server: { fs: { allow: [".."] } },
  build: {
    outDir: scenes ? "../build/scenes" : "dist",
    emptyOutDir: true,
    target: ["chrome123", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    rolldownOptions: {
      input: scenes ? "scenes.html" : "index.html",
      output: { minify: true },
    },
  },
  worker: { format: "es" },
});

/** React Aria brings its few words in 30 languages; we speak three. */
function fewerLanguages(): Plugin {
  return {
    name: "visavis-languages",
    enforce: "pre",
    load(id) {
      const strings = /[\\/]react-aria[^\0]*[\\/]intl[\\/].*[a-z]{2}-[A-Z]{2}\.m?js$/;
      return strings.test(id) && !LANGUAGES.test(id) ? "export default {};" : undefined;
    },
  };
}

/** What only blurring and filtering need (4 MB): kept by the service worker once it was fetched. */
const WHEN_WANTED = /\.(?:wasm|tflite)$|rnnoise-sync|blur_worker|noise_worklet/;

/** Write `sw.js` with the list of what a start without a network needs. */
function offlineShell(): Plugin {
  return {
    name: "visavis-offline",
    // After everything: chunks that held nothing but style are gone by now.
    writeBundle({ dir = "dist" }, bundle) {
      const all = Object.keys(bundle)
        .filter((name) => name.startsWith("assets/") && !name.endsWith(".bloom"))
        .toSorted();
      const files = all.filter((name) => !WHEN_WANTED.test(name));
      const later = all.filter((name) => WHEN_WANTED.test(name));
      const paths = (names: readonly string[]) => names.map((name) => `/${name}`).join(" ");
      const version = createHash("sha256").update(all.join("\n")).digest("hex").slice(0, 16);
      const place = join(dir, "sw.js");
      const worker = readFileSync(place, "utf8")
        .replaceAll("__VERSION__", version)
        .replace("__FILES__", paths(files))
        .replace("__LATER__", paths(later));
      writeFileSync(place, worker);
    },
    options(options) {
      return { ...options, input: { index: "index.html", sw: "app/sw.ts" } };
    },
    outputOptions(options) {
      return {
        ...options,
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      };
    },
  };
}

/** Print compressed sizes: the first screen, and each thing that is loaded when wanted. */
function sizes(): Plugin {
  return {
    name: "visavis-sizes",
    enforce: "post",
    writeBundle(_, bundle) {
      const first = firstScreen(bundle);
      const rows = Object.values(bundle)
        .filter((file) => /\.(?:js|css|html|wasm|tflite|bloom)$/.test(file.fileName))
        .map((file) => {
          const data = Buffer.from(file.type === "chunk" ? file.code : file.source);
          return { name: file.fileName, br: brotli(data), gz: gzipSync(data).length };
        })
        .toSorted((a, b) => Number(first.has(b.name)) - Number(first.has(a.name)) || b.gz - a.gz);
      const total = (key: "br" | "gz") =>
        rows.reduce((sum, row) => sum + (first.has(row.name) ? row[key] : 0), 0);
      const kb = (bytes: number) => (bytes / 1000).toFixed(1).padStart(8);
      const line = (row: { name: string; br: number; gz: number }) =>
        `${kb(row.gz)}${kb(row.br)}  ${first.has(row.name) ? "first  " : "       "}${row.name}\n`;
      process.stdout.write(`    gzip  brotli (kB)\n${rows.map(line).join("")}`);
      process.stdout.write(`${kb(total("gz"))}${kb(total("br"))}  until the first screen\n`);
      if (total("gz") > FIRST_SCREEN) this.error("the first screen is larger than 250 kB");
    },
  };
}

/** The files that the first screen waits for: the page, its script, and what that imports. */
function firstScreen(bundle: Bundle): ReadonlySet<string> {
  const found = new Set<string>(["index.html"]);
  const visit = (name: string) => {
    const file = bundle[name];
    if (file?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    for (const style of file.viteMetadata?.importedCss ?? []) found.add(style);
    file.imports.forEach(visit);
  };
  for (const file of Object.values(bundle)) {
    if (file.type === "chunk" && file.isEntry && file.fileName !== "sw.js") visit(file.fileName);
  }
  return found;
}

function brotli(data: Buffer): number {
  return brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).length;
}
