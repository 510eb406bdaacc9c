#!/bin/sh
# All tests, in four streams on two cores: two of Python with real servers, which mostly wait; all of TypeScript; and
# the pure ones of Python (no server, no socket, no time limit), which give way to them, and after them what is left
# with real servers. Media comes last, alone.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d "$VISAVIS_VECTORS" ]; then
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
mkdir -p build

# Servers and clients of tests write to memory where there is room: waiting for the disk is all they would do else.
if [ -w /dev/shm ] && [ "$(df -m /dev/shm | awk 'END { print $4 }')" -gt 4096 ]; then
  TMPDIR=$(mktemp -d /dev/shm/visavis-tests.XXXXXX)
  export TMPDIR
fi
tidy() {
  case ${TMPDIR:-} in /dev/shm/visavis-tests.*) rm -rf "$TMPDIR" ;; esac
}
trap tidy EXIT

pure="tests/core tests/contract tests/store"
people="tests/attack tests/sdk"
late="tests/cli tests/interop tests/privacy tests/transport"
rest=$(for folder in tests/*/; do
  folder=${folder%/}
  case " $pure $people $late " in *" $folder "*) ;; *) printf '%s ' "$folder" ;; esac
done)

# Usage: fast FOLDER...   tests without media, as a child that ends with this shell
gently=
fast() {
  $gently .venv/bin/python -m pytest -q -p no:cacheprovider --durations=30 -m 'not media and not long' "$@" &
  child=$!
  wait "$child"
}
web() {
  NO_COLOR=1 tools/node.sh vitest run &
  child=$!
  wait "$child"
}
stop() { kill "$child" 2>/dev/null; exit 1; }

# In this session: a session of its own would have its own share of the machine, and `nice` no effect.
# shellcheck disable=SC2086 # lists of folders
(trap stop TERM; gently="nice -n 19"; bad=; fast $pure || bad=pure; gently=; fast $late && [ -z "$bad" ]) >build/test-pure.log 2>&1 &
pure_stream=$!
(trap stop TERM; web) >build/test-web.log 2>&1 &
web_stream=$!
# shellcheck disable=SC2086
(trap stop TERM; fast $rest) >build/test-rest.log 2>&1 &
rest_stream=$!
trap 'kill "$pure_stream" "$web_stream" "$rest_stream" 2>/dev/null || true; tidy' EXIT

# Usage: ended PROCESS NAME PATTERN   wait for a stream; print what it says at its end, or, if it failed, all of it
failed=
ended() {
  if wait "$1"; then
    grep -E "$3" "build/test-$2.log"
  else
    cat "build/test-$2.log"
    failed="$failed $2"
  fi
}

# What fails does not hide what else does: all streams run to their end.
# shellcheck disable=SC2086
fast $people || failed=' people'
ended "$rest_stream" rest '^[0-9]+ passed'
ended "$pure_stream" pure '^[0-9]+ passed'
ended "$web_stream" web '^ *Tests'
trap tidy EXIT

.venv/bin/python -m pytest -q -m 'media and not long' tests || failed="$failed media"
if [ -n "$failed" ]; then echo "make test: failed in$failed" >&2; exit 1; fi
