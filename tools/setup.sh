#!/bin/sh
# Makes .venv and everything in it from pinned, hashed packages. Safe to run again; does only what is missing.
# Usage: tools/setup.sh run|dev|browsers   (run: what the product needs; dev: and what its tests need; browsers:
# Debian's, for `make e2e` and `make screens`, on top of dev)
set -eu
kind=${1:?run, dev or browsers}
cd "$(dirname "$0")/.."
# dpkg calls ldconfig and start-stop-daemon, which live in sbin.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else
    say "This needs root: run  su -c '$*'  and then start again."
    exit 1
  fi
}

# Debian packages: the relay, the SFU of group calls, Python's venv, and PortAudio for microphones and speakers.
debian="coturn janus python3-venv libportaudio2"
case $kind in
  dev) debian="$debian iproute2" ;;
  browsers) debian="iproute2 chromium firefox-esr" ;;
esac
if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
  missing=
  for package in $debian; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    say "Installing with apt:$missing"
    mkdir -p build
    log=build/apt.log
    as_root apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    # Their own services would take ports and listen to the network: the server runs its own children instead.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
      >>"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    if [ -d /run/systemd/system ]; then as_root systemctl disable --now coturn janus >/dev/null 2>&1 || true; fi
  fi
else
  for tool in turnserver /usr/bin/python3; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      say "This system has no apt. Please install these yourself, then run make again:"
      say "  coturn 4.6 or newer (the turnserver command), Python 3.11 or newer with venv, PortAudio"
      say "  and, for calls of more than three people, janus 1.1 or newer"
      say "  Fedora: dnf install coturn python3 portaudio      Arch: pacman -S coturn python portaudio"
      say "  macOS:  brew install coturn python portaudio      (Visavis is tested on Debian 12 only)"
      exit 1
    fi
  done
fi

if [ "$kind" = browsers ]; then exit 0; fi

# Packages of the web part from its lock file: what builds the pages (run), and what tests them (dev).
set_up_web() {
  packages=$(cat web/package.json web/package-lock.json | cksum)
  have=$(cat web/node_modules/.setup 2>/dev/null || true)
  # All of them are good for building, too.
  if [ "$have" = "dev $packages" ] || [ "$have" = "$kind $packages" ]; then return; fi
  omit=
  if [ "$kind" = run ]; then omit=--omit=dev; fi
  say "Installing npm packages (web)..."
  mkdir -p build
  # shellcheck disable=SC2086 # one word or none
  tools/node.sh npm ci $omit --ignore-scripts --no-audit --no-fund >build/npm.log 2>&1 || { cat build/npm.log >&2; exit 1; }
  printf '%s' "$kind $packages" > web/node_modules/.setup
}

want=$(cat requirements/"$kind".lock pyproject.toml tools/setup.sh | cksum)
if [ -f .venv/.setup-"$kind" ] && [ "$(cat .venv/.setup-"$kind")" = "$want" ]; then
  set_up_web
  exit 0
fi

python=/usr/bin/python3
[ -x "$python" ] || python=python3
if [ ! -x .venv/bin/python ]; then "$python" -m venv .venv; fi
# Compiled once here: otherwise every start of a program compiles what it imports, for seconds.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_COMPILE_BYTECODE=1
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
say "Installing Python packages ($kind)..."
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/"$kind".lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
rm -f .venv/.setup-*
printf '%s' "$want" > .venv/.setup-"$kind"
set_up_web
if [ "$kind" = dev ]; then
  cat requirements/run.lock pyproject.toml tools/setup.sh | cksum > .venv/.setup-run
fi
