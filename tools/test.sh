#!/bin/sh
# All tests, in three streams on two cores: two with real servers, which mostly wait, and the pure ones (no
# server, no socket; Python and TypeScript), which give way to them. Media comes last, alone.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d "$VISAVIS_VECTORS" ]; then
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
mkdir -p build

pure="tests/core tests/contract tests/store"
people="tests/attack tests/cli tests/sdk tests/transport"
rest=$(for folder in tests/*/; do
  folder=${folder%/}
  case " $pure $people " in *" $folder "*) ;; *) printf '%s ' "$folder" ;; esac
done)

# Usage: fast FOLDER...   tests without media, as a child that ends with this shell
gently=
fast() {
  $gently .venv/bin/python -m pytest -q -p no:cacheprovider -m 'not media and not long' "$@" &
  child=$!
  wait "$child"
}
web() {
  NO_COLOR=1 $gently tools/node.sh vitest run &
  child=$!
  wait "$child"
}
stop() { kill "$child" 2>/dev/null; exit 1; }

# In this session: a session of its own would have its own share of the machine, and `nice` no effect.
# shellcheck disable=SC2086 # lists of folders
(trap stop TERM; gently="nice -n 19"; fast $pure && web) >build/test-pure.log 2>&1 &
first=$!
# shellcheck disable=SC2086
(trap stop TERM; fast $rest) >build/test-rest.log 2>&1 &
second=$!
trap 'kill "$first" "$second" 2>/dev/null || true' EXIT

# shellcheck disable=SC2086
fast $people
if ! wait "$second"; then cat build/test-rest.log; exit 1; fi
tail -n 1 build/test-rest.log
if ! wait "$first"; then cat build/test-pure.log; exit 1; fi
grep -E '^ *(Tests|[0-9]+ passed)' build/test-pure.log
trap - EXIT

.venv/bin/python -m pytest -q -m 'media and not long' tests
