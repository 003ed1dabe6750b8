#!/usr/bin/env bash
# Builds the web application into web/dist, if anything in it was changed since. Without npm it says so and leaves it: servers
# then show how to build it, and everything else works.
set -euo pipefail
cd "$(dirname "$0")/../web"
export npm_config_cache="${npm_config_cache:-${GROUNDWORK_CACHE:-$HOME/.cache/groundwork}/npm}"

if ! command -v npm >/dev/null; then
    echo "build-web: npm is not there, so the web application is NOT built (it needs Node 20 and npm)" >&2
    [ "${1:-}" = --must ] && exit 1
    exit 0
fi
# The lockfile beside node_modules says what is in there.
if ! cmp -s package-lock.json node_modules/.groundwork-lock.json; then
    # A registry that has no packages for other platforms leaves those out of the lockfile, which `npm ci` takes for an error;
    # `npm install` takes the versions that are locked, too.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=silent ||
        npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.groundwork-lock.json
fi
[ "${1:-}" = --install ] && exit 0
if [ -f dist/index.html ] && [ -z "$(find src public scripts index.html vite.config.ts package-lock.json -newer dist/index.html -print -quit)" ]; then
    exit 0
fi
# What is over its budget, or half built, must not stand there as if it were whole: the next call would take it for built.
npm run --silent build || {
    status=$?
    rm -rf dist
    exit "$status"
}
