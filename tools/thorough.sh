#!/bin/sh
# What `make test` takes a sample of, whole: Python beside TypeScript, on two cores.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
(VISAVIS_THOROUGH=1 NO_COLOR=1 exec tools/node.sh vitest run tests/mls tests/sframe.test.ts) >build/thorough-web.log 2>&1 &
web=$!
trap 'kill "$web" 2>/dev/null || true' EXIT
.venv/bin/python -m pytest -q -m long tests/core/mls/test_vectors.py tests/core/test_call_mutants.py tests/scenario
.venv/bin/python -m pytest -q -m long tests/interop -k test_short_history
if ! wait "$web"; then cat build/thorough-web.log; exit 1; fi
trap - EXIT
grep -E '^ *Tests' build/thorough-web.log
