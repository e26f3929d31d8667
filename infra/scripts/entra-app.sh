#!/usr/bin/env bash
# Makes, updates or removes the Entra app registration with the Azure CLI, for people whose tenant separates the roles.
# Run it as often as you like. What it does is in the folder entra-app: Node.js builds JSON from any name that people
# choose, computes the id of the role and keeps a secret out of shell variables; bash is here for the sake of the name.
set -euo pipefail

if ! command -v node >/dev/null; then
  echo 'entra-app.sh: Node.js is not installed, which this script needs: https://nodejs.org' >&2
  exit 1
fi
# Also when it was started through links, as from a folder on PATH. macOS has no readlink -f.
script="${BASH_SOURCE[0]}"
while [ -L "$script" ]; do
  link="$(readlink "$script")"
  case "$link" in
    /*) script="$link" ;;
    *) script="$(dirname "$script")/$link" ;;
  esac
done
exec node "$(dirname "$script")/entra-app/main.mjs" "$@"
