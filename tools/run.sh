#!/bin/sh
# Behind `make run`: puts `visavis` onto the PATH, makes the data folder, starts the server.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)

# Where a link can go: /usr/local/bin for root, ~/.local/bin for everybody else, or VISAVIS_BIN.
if [ -n "${VISAVIS_BIN:-}" ]; then bin=$VISAVIS_BIN
elif [ "$(id -u)" = 0 ]; then bin=/usr/local/bin
else bin=$HOME/.local/bin
fi
mkdir -p "$bin"
if [ ! -e "$bin/visavis" ] || [ -L "$bin/visavis" ]; then
  ln -sf "$here/.venv/bin/visavis" "$bin/visavis"
else
  echo "$bin/visavis exists and is not ours; use $here/.venv/bin/visavis instead." >&2
fi
case ":$PATH:" in
  *":$bin:"*) ;;
  *) echo "Add $bin to your PATH to type visavis in any folder." >&2 ;;
esac

if [ -n "${VISAVIS_DATA:-}" ]; then data=$VISAVIS_DATA
elif [ "$(id -u)" = 0 ]; then data=/var/lib/visavis
else data=$HOME/.local/share/visavis-server
fi
(umask 077; mkdir -p "$data")
exec .venv/bin/visavis serve --data "$data"
