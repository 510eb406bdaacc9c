#!/bin/sh
# End-to-end tests in real browsers: first media alone, then people with the pages, on a real server.
# Without root or without network namespaces it runs what can be run, and says on stderr what was not.
# Usage: tools/e2e.sh [WORDS of a test file's name]
set -eu
cd "$(dirname "$0")/.."
# Who is not root and has no sudo is told what is missing, and goes on with what is there.
tools/setup.sh browsers || [ "$(id -u)" != 0 ]
tools/build_web.sh --if-needed
if [ $# = 0 ]; then tools/node.sh node tests/media/browser/run.ts; fi
exec tools/node.sh node tests/e2e/run.ts "$@"
