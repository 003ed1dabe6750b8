#!/usr/bin/env bash
# Whether .sqlx/ and api/openapi.json say what the code and the migrations say; with --write, makes it so.
# .sqlx/ is written by the query macros themselves while they compile against a database with all migrations applied.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "check-generated: $*" >&2; }

if [ "${1:-}" != --inside ]; then
    # Always a server of its own: a database that happens to be set may have other migrations.
    exec env -u TEST_DATABASE_URL deploy/test-postgres.sh "$0" --inside "$@"
fi
write=0
[ "${2:-}" = --write ] && write=1

for migration in migrations/*.sql; do
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --single-transaction --file "$migration" "$DATABASE_URL" >/dev/null
done
say "$(ls migrations/*.sql | wc -l) migrations apply to an empty database"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# A target directory of its own would compile everything again; touching the one crate with queries compiles that.
touch store/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$fresh" cargo check --quiet --package groundwork-store --all-targets

if [ "$write" = 1 ]; then
    mkdir -p .sqlx
    rm -f .sqlx/query-*.json
    cp "$fresh"/query-*.json .sqlx/
    say "wrote $(ls .sqlx | wc -l) queries to .sqlx/"
    UPDATE_OPENAPI=1 cargo test --quiet --package groundwork-api the_document_that_is_checked_in
    say "wrote api/openapi.json"
    exit 0
fi
if ! diff -rq "$fresh" .sqlx; then
    say ".sqlx/ is not what the queries say: run make prepare and commit"
    exit 1
fi
say ".sqlx/ is fresh ($(ls .sqlx | wc -l) queries); api/openapi.json is held by a test of groundwork-api"
