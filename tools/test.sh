#!/bin/sh
# All tests. The pure ones (no server, no socket; Python and TypeScript) run beside those with real servers, and give way to them:
# two halves with servers at once make time limits fail that are wide enough otherwise. Media comes last, alone.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d "$VISAVIS_VECTORS" ]; then
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
pytest=".venv/bin/python -m pytest -q"
pure="tests/core tests/contract tests/store"
served=$(for folder in tests/*/; do
  folder=${folder%/}
  case " $pure " in *" $folder "*) ;; *) printf '%s ' "$folder" ;; esac
done)

# In this session: a session of its own would be an own share of the machine, and `nice` without effect.
mkdir -p build
(
  trap 'kill "$child" 2>/dev/null' TERM
  # shellcheck disable=SC2086 # lists of folders
  nice -n 19 $pytest -p no:cacheprovider -m 'not media and not long' $pure &
  child=$!
  wait "$child" || exit 1
  nice -n 19 tools/node.sh vitest run &
  child=$!
  wait "$child"
) >build/test-pure.log 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null || true' EXIT

# shellcheck disable=SC2086
$pytest -m 'not media and not long' $served
if ! wait "$beside"; then cat build/test-pure.log; exit 1; fi
trap - EXIT
grep -E '^ *(Tests|[0-9]+ passed)' build/test-pure.log
# shellcheck disable=SC2086
$pytest -m 'media and not long' tests
