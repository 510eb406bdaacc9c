#!/bin/sh
# `make screens`: builds every screen in every state, takes its picture, runs axe-core on it.
# Usage: tools/screens.sh [NAME...]
set -eu
cd "$(dirname "$0")/.."
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  echo 'screens: no chromium here (apt-get install --no-install-recommends chromium)' >&2
  exit 1
fi
SCENES=1 tools/node.sh vite build --logLevel warn
exec tools/node.sh node ../tools/screens.mjs "$@"
