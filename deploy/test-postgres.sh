#!/usr/bin/env bash
# Runs a command with DATABASE_URL and TEST_DATABASE_URL naming a throw-away PostgreSQL server: empty, on a free loopback
# port, without fsync, gone afterwards. TEST_DATABASE_URL that is set already is used instead.
#   deploy/test-postgres.sh cargo test --workspace
set -euo pipefail

say() { echo "test-postgres: $*" >&2; }

if [ -n "${TEST_DATABASE_URL:-}" ]; then
    say "using TEST_DATABASE_URL as it is set"
    exec "$@"
fi

binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
if [ -z "$binaries" ]; then
    initdb=$(command -v initdb) || { say "PostgreSQL's server binaries were not found: install PostgreSQL 15 or newer"; exit 1; }
    binaries=$(dirname "$(readlink -f "$initdb")")
fi

directory=$(mktemp -d /tmp/groundwork-test-pg.XXXXXX)
# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    owner=$(id -un postgres 2>/dev/null || echo nobody)
    chown "$owner" "$directory"
    as_owner=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups --)
fi

server=""
finish() {
    local status=$?
    if [ -n "$server" ]; then
        # SIGQUIT: at once and without a checkpoint; the cluster is thrown away.
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ "$status" != 0 ] && [ -n "${CI:-}" ] && [ -f "$directory/log" ]; then
        say "the end of the server's log:"
        tail -20 "$directory/log" >&2
    fi
    rm -rf "$directory"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd_to() { (cd / && "$@"); }
cd_to "${as_owner[@]}" "$binaries/initdb" --no-sync --encoding=UTF8 --locale=C --auth=trust --username=postgres \
    --pgdata="$directory/data" >/dev/null

for _ in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        echo $((20000 + RANDOM)))
    (cd / && exec "${as_owner[@]}" "$binaries/postgres" -D "$directory/data" -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum_naptime=5min) \
        >>"$directory.log" 2>&1 &
    server=$!
    for _ in $(seq 1 300); do
        "$binaries/pg_isready" --quiet --host 127.0.0.1 --port "$port" && break 2
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    server=""
done
if [ -z "$server" ]; then
    say "PostgreSQL did not start:"
    tail -20 "$directory.log" >&2
    exit 1
fi
mv "$directory.log" "$directory/log" 2>/dev/null || true

export PATH="$binaries:$PATH"
export DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
export TEST_DATABASE_URL="$DATABASE_URL"
say "PostgreSQL $("$binaries/postgres" --version | awk '{print $3}') on $DATABASE_URL"
"$@"
