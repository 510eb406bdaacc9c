#!/bin/sh
# All tests, fast ones first; media tests serial at the end.
set -eu
cd "$(dirname "$0")/.."
if [ -d "$VISAVIS_VECTORS" ]; then :
else
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
.venv/bin/python -m pytest -q -m 'not media and not long' "$@"
.venv/bin/python -m pytest -q -m 'media and not long' "$@"
