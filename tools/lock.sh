#!/bin/sh
# Writes requirements/*.lock from pyproject.toml with uv: exact versions and hashes, no index address,
# so that the same lock works with a mirror (docs/adr/0007).
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
compile() { "$uv" pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet "$@"; }
compile --group build -o requirements/run.lock
compile --group build --group dev -o requirements/dev.lock
"$uv" pip compile --group uv --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet -o requirements/uv.lock
