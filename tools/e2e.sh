#!/bin/sh
# End-to-end tests in real browsers: first media alone, then people with the pages, on a real server.
# Usage: tools/e2e.sh [WORDS of a test file's name]
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh browsers
tools/build_web.sh --if-needed
if [ $# = 0 ]; then tools/node.sh node tests/media/browser/run.ts; fi
exec tools/node.sh node tests/e2e/run.ts "$@"
