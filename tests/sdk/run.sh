#!/bin/sh
# Runs the official Python SDKs against a simulator.
#   SIMULATOR_URL=http://127.0.0.1:8090 tests/sdk/run.sh    against one that runs already
#   tests/sdk/run.sh                                        starts one and ends it again
# The virtual environment is kept in ~/.cache/groundwork/venv and made again only when the pins change.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${GROUNDWORK_VENV:-$HOME/.cache/groundwork/venv}"

if ! cmp -s "$here/requirements.txt" "$venv/groundwork-requirements.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/groundwork-requirements.txt"
fi

if [ -z "${SIMULATOR_URL:-}" ]; then
    address=$(mktemp)
    (cd "$here/../.." && cargo build --quiet --package groundwork-simulator --example serve)
    target=$(cd "$here/../.." && cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    "$target/debug/examples/serve" --port 0 >"$address" &
    simulator=$!
    trap 'kill "$simulator"; rm -f "$address"' EXIT
    tries=0
    until [ -s "$address" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { echo "the simulator did not start" >&2; exit 1; }
        sleep 0.1
    done
    SIMULATOR_URL=$(head -n 1 "$address")
    export SIMULATOR_URL
fi
"$venv/bin/python" -m pytest --quiet -p no:cacheprovider "$here" "$@"
