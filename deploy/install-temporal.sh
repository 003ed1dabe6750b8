#!/usr/bin/env bash
# Puts Temporal's command line tool, which holds the development server, where the local stack finds it, and prints where.
# Order: PATH, the cache, the official release archive, Go's module proxy.
set -euo pipefail

VERSION=1.5.1
CACHE="${GROUNDWORK_CACHE:-$HOME/.cache/groundwork}"
TARGET="$CACHE/bin/temporal"

say() { echo "install-temporal: $*" >&2; }

if command -v temporal >/dev/null 2>&1; then
    say "found on PATH: $(temporal --version)"
    command -v temporal
    exit 0
fi
if [ -x "$TARGET" ] && "$TARGET" --version >/dev/null 2>&1; then
    say "found in the cache: $("$TARGET" --version)"
    echo "$TARGET"
    exit 0
fi
mkdir -p "$CACHE/bin"
scratch=$(mktemp -d "$CACHE/install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

from_archive() {
    local system machine
    system=$(uname -s | tr '[:upper:]' '[:lower:]')
    machine=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
    local name="temporal_cli_${VERSION}_${system}_${machine}.tar.gz"
    local url="https://github.com/temporalio/cli/releases/download/v${VERSION}"
    say "trying the release archive $name"
    curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 \
        --output "$scratch/$name" "$url/$name" || return 1
    tar -xzf "$scratch/$name" -C "$scratch" temporal
}

from_source() {
    command -v go >/dev/null 2>&1 || { say "go is not installed"; return 1; }
    say "building v$VERSION with go (some minutes, once)"
    GOBIN="$scratch" go install "github.com/temporalio/cli/cmd/temporal@v$VERSION"
}

if ! from_archive && ! from_source; then
    say "could not be installed: put a temporal binary of version 1.5 or newer on PATH (https://docs.temporal.io/cli)"
    exit 1
fi
# By a rename: a half-written binary must never be found.
mv "$scratch/temporal" "$TARGET"
say "installed: $("$TARGET" --version)"
echo "$TARGET"
