#!/bin/sh
# Prints where Chromium is, for the end-to-end tests of the web application; installs Debian's where there is none and it may.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name"; then exit 0; fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install-chromium: there is no Chromium; install it (apt-get install chromium) and try again" >&2
    exit 1
fi
apt-get update >&2
apt-get install --yes --no-install-recommends chromium >&2
command -v chromium
