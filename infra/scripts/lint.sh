#!/usr/bin/env bash
# Compiles and lints every Bicep file. Any warning fails, of the linter or of the compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

output=$(mktemp)
trap 'rm -f "$output"' EXIT

for file in main.bicep sub.bicep modules/*.bicep; do
  echo "$file"
  az bicep build --file "$file" --stdout 2>>"$output" >/dev/null || true
  az bicep lint --file "$file" >>"$output" 2>&1 || true
done
for file in *.bicepparam; do
  echo "$file"
  az bicep build-params --file "$file" --stdout 2>>"$output" >/dev/null || true
done

# Said by the Azure CLI about itself.
if grep -v -e 'new Bicep release is available' -e '^$' "$output"; then
  echo 'The lines above must be mended.' >&2
  exit 1
fi
