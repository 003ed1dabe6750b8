#!/usr/bin/env bash
# The stack until Ctrl-C, and beside it Vite, which shows changes in web/src as they are saved. Both end together.
set -euo pipefail
binary=$1
port="${GROUNDWORK__DEV__PORTS__API:-8080}"
web="$(cd "$(dirname "$0")/../web" && pwd)"

if [ -d "$web/node_modules" ]; then
    (cd "$web" && GROUNDWORK_API_URL="http://127.0.0.1:$port" exec node node_modules/vite/bin/vite.js --host localhost --clearScreen false) &
    vite=$!
    trap 'kill "$vite" 2>/dev/null || true' EXIT
fi
"$binary" dev
