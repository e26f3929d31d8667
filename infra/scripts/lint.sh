#!/usr/bin/env bash
# Compiles and lints every Bicep file. Any warning fails, of the linter or of the compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
output=$work/said

# An az that fails without a word is a fault too: nothing was compiled then.
check() {
  "$@" >>"$output" 2>&1 || echo "failed: $*" >>"$output"
}

for file in main.bicep sub.bicep modules/*.bicep; do
  echo "$file"
  check az bicep build --file "$file" --outfile "$work/built.json"
  check az bicep lint --file "$file"
done
for file in *.bicepparam; do
  echo "$file"
  check az bicep build-params --file "$file" --outfile "$work/built.json"
done

# Said by the Azure CLI about itself.
if grep -v -e 'new Bicep release is available' -e '^$' "$output"; then
  echo 'The lines above must be mended.' >&2
  exit 1
fi
