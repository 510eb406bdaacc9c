#!/bin/sh
# What `make test` takes a sample of, whole: Python beside TypeScript, on two cores; media last, alone.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
(VISAVIS_THOROUGH=1 NO_COLOR=1 exec tools/node.sh vitest run) >build/thorough-web.log 2>&1 &
web=$!
trap 'kill "$web" 2>/dev/null || true' EXIT
# Those of tests/house and tests/privacy have a step of `make check` each: fresh, privacy.
.venv/bin/python -m pytest -q -m 'long and not media' tests/cli tests/core tests/scenario tests/sdk tests/server
.venv/bin/python -m pytest -q -m long tests/interop -k test_short_history
if ! wait "$web"; then cat build/thorough-web.log; exit 1; fi
trap - EXIT
grep -E '^ *Tests' build/thorough-web.log
.venv/bin/python -m pytest -q -m 'long and media' tests
