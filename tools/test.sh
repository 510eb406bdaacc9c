#!/bin/sh
# All tests, fast ones first; those with real media at the end. One by one: two at a time on two cores
# make time limits of real servers and terminals fail that are wide enough otherwise.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d "$VISAVIS_VECTORS" ]; then
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
.venv/bin/python -m pytest -q -m 'not media and not long' tests
.venv/bin/python -m pytest -q -m 'media and not long' tests
