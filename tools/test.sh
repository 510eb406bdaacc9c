#!/bin/sh
# All tests: the fast ones first, in two halves side by side, then those with real media, one by one.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d "$VISAVIS_VECTORS" ]; then
  echo 'official vectors: not run'
  if [ "${CI:-}" = true ]; then echo "CI needs the official vectors in VISAVIS_VECTORS" >&2; exit 1; fi
fi
fast='not media and not long'
mkdir -p build

# Every folder of tests is in one half; a new one that is in neither would never run.
one='core interop media scenario sdk'
other='attack cli contract house privacy server store transport'
for folder in tests/*/; do
  name=$(basename "$folder")
  case " $one $other __pycache__ " in *" $name "*) ;; *) echo "tools/test.sh does not run $folder" >&2; exit 1 ;; esac
done

half() {
  # shellcheck disable=SC2046 # the folders are words on purpose
  .venv/bin/python -m pytest -q -p no:cacheprovider -m "$fast" $(for name in $1; do echo "tests/$name"; done)
}
half "$other" >build/other.log 2>&1 &
beside=$!
failed=0
half "$one" || failed=1
wait "$beside" || failed=1
cat build/other.log
[ "$failed" = 0 ] || exit 1
.venv/bin/python -m pytest -q -p no:cacheprovider -m 'media and not long' tests
