#!/bin/sh
# Builds the pages (web/) into web/dist, with a .br and a .gz beside each file that gets shorter by it.
# The same sources give the same bytes. What was there is replaced only when all of it is done.
# Usage: tools/build_web.sh [--if-needed]      (--if-needed: only if missing or not made from these sources)
set -eu
cd "$(dirname "$0")/.."
dist=web/dist

# By content, not by time: a fresh clone and a changed branch have all times mixed up.
sources() {
  {
    find web \( -name node_modules -o -name dist -o -name .dist-new -o -path web/tests \) -prune -o -type f -print
    # What the client shares with the Python one.
    find src/visavis/sdk/passwords_data -type f
    echo tools/build_web.sh
  } | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum
}

want=$(sources)
if [ "${1:-}" = --if-needed ] && [ "$(cat "$dist/.made-from" 2>/dev/null || true)" = "$want" ]; then exit 0; fi

echo "Building the pages..." >&2
mkdir -p build
new=web/.dist-new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
tools/node.sh vite build --outDir "$PWD/$new" --emptyOutDir --logLevel warn >build/web.log 2>&1 || { cat build/web.log >&2; exit 1; }

# Beside each file, not on the fly: the best compression takes a second, and the server none.
tools/node.sh node --input-type=module - "$PWD/$new" <<'JS'
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = argv[2];
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const forms = { br: brotliCompressSync(plain, { params }), gz: gzipSync(plain, { level: 9 }) };
  for (const [suffix, form] of Object.entries(forms)) {
    // Pictures and sound are compressed already: another form would only take room.
    if (form.length < plain.length * 0.97) writeFileSync(`${path}.${suffix}`, form);
  }
}
JS

printf '%s' "$want" > "$new/.made-from"
rm -rf "$dist"
mv "$new" "$dist"
# Asked for by name, it also says how large everything is.
if [ "${1:-}" != --if-needed ]; then cat build/web.log; fi
