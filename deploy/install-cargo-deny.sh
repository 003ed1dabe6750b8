#!/usr/bin/env bash
# Puts cargo-deny into the cache unless it is there or on PATH.
set -euo pipefail

CACHE="${GROUNDWORK_CACHE:-$HOME/.cache/groundwork}"
export PATH="$CACHE/bin:$PATH"
if command -v cargo-deny >/dev/null 2>&1; then
    exit 0
fi
echo "install-cargo-deny: compiling cargo-deny (some minutes, once; LINT_DENY=0 leaves this check out)" >&2
CARGO_TARGET_DIR="$CACHE/target-tools" cargo install --locked --quiet --root "$CACHE" cargo-deny
rm -rf "$CACHE/target-tools"
