#!/bin/sh
# Starts a real server for tests to speak to, on a free loopback port. Its first line of JSON says where it is; it ends when its
# standard input does. What it needs is installed once into $GROUNDWORK_CACHE, with Node 20 or newer and npm.
#   tests/servers/run.sh oidc '{"redirect_uri": "http://groundwork.test/…"}'
#   tests/servers/run.sh smtp '{"starttls": true, "user": "u", "password": "p"}'
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache="${GROUNDWORK_CACHE:-$HOME/.cache/groundwork}"
# Keyed by what is installed, so that another version is another folder and no test waits for another's.
version=$(cat "$here/package-lock.json" "$here"/*.mjs | cksum | tr -d ' ')
folder="$cache/test-servers-$version"

if [ ! -d "$folder" ]; then
    mkdir -p "$cache"
    # One installs and the others wait for it; without flock all of them do, and the first one's folder stays.
    (
        if command -v flock >/dev/null; then flock 9; fi
        [ ! -d "$folder" ] || exit 0
        draft=$(mktemp -d "$cache/test-servers-draft.XXXXXX")
        cp "$here"/package.json "$here"/package-lock.json "$here"/*.mjs "$draft/"
        (cd "$draft" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
        mv -T "$draft" "$folder" 2>/dev/null || rm -rf "$draft"
    ) 9>"$folder.lock"
fi
exec node "$folder/$1.mjs" "${2-}"
