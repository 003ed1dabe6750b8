#!/usr/bin/env bash
# Asks a whole stack everything that its OpenAPI document allows, and much that it does not: no 500, no status, header or body
# that the document does not have.
#   tests/schemathesis/run.sh                                       starts a stack with $GROUNDWORK_BIN and ends it again
#   SCHEMATHESIS_URL=http://127.0.0.1:8080 tests/schemathesis/run.sh    against one that runs already
#   SCHEMATHESIS_SECONDS=600                                        longer than the usual two minutes
#   SCHEMATHESIS_SEED=…                                             other requests than the usual ones
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv="${GROUNDWORK_CACHE:-$HOME/.cache/groundwork}/venv-schemathesis"
seconds="${SCHEMATHESIS_SECONDS:-120}"
say() { echo "schemathesis: $*" >&2; }

if ! cmp -s "$here/requirements.txt" "$venv/groundwork-requirements.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/groundwork-requirements.txt"
fi

scratch=$(mktemp -d /tmp/groundwork-schemathesis.XXXXXX)
chmod 755 "$scratch"
stack=""
finish() {
    local status=$?
    if [ -n "$stack" ]; then
        kill -INT "$stack" 2>/dev/null || true
        wait "$stack" 2>/dev/null || true
    fi
    if [ "$status" != 0 ] && [ -d "$scratch/stack/logs" ]; then
        say "the last errors of the API:"
        grep -h "ERROR" "$scratch"/stack/logs/* | tail -20 >&2 || true
    fi
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -z "${SCHEMATHESIS_URL:-}" ]; then
    base=$((18000 + RANDOM % 200 * 5))
    # Limits have tests of their own; here they would hide everything else behind 429.
    for quota in ANONYMOUS_REQUESTS REQUESTS SIGN_UPS PROJECTS; do
        export "GROUNDWORK__API__QUOTAS__${quota}__FREE=0"
    done
    export GROUNDWORK__API__PROJECTS_MAX=1000000 GROUNDWORK__API__USERS_MAX=0
    "${GROUNDWORK_BIN:?the groundwork executable}" dev --directory "$scratch/stack" --port-base "$base" >"$scratch/log" 2>&1 &
    stack=$!
    SCHEMATHESIS_URL="http://127.0.0.1:$base"
    for _ in $(seq 1 600); do
        curl --fail --silent "$SCHEMATHESIS_URL/healthz" >/dev/null && break
        kill -0 "$stack" 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
        sleep 0.2
    done
fi

api="$SCHEMATHESIS_URL/api/v1"
field() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$@"; }
ask() {
    curl --fail-with-body --silent --show-error --header "authorization: Bearer $SCHEMATHESIS_TOKEN" \
        --header "content-type: application/json" "$@"
}
person="{\"email\": \"schemathesis-$RANDOM-$$@example.org\", \"password\": \"correct horse battery\", \"name\": \"Tester\"}"
SCHEMATHESIS_TOKEN=""
signed_in=$(ask --data "$person" "$api/auth/signup")
SCHEMATHESIS_TOKEN=$(field access_token <<<"$signed_in")
SCHEMATHESIS_WORKSPACE=$(field workspace id <<<"$signed_in")
SCHEMATHESIS_PROJECT=$(ask --data '{"idea": "A booking site for a small gym"}' "$api/projects" | field project_id)
SCHEMATHESIS_FEATURE=$(ask --data '{"idea": "Members book classes"}' "$api/features" | field project_id)
# Until it is written, so that there is something to read and to change.
for _ in $(seq 1 300); do
    phase=$(ask "$api/projects/$SCHEMATHESIS_PROJECT" | field phase)
    case "$phase" in
        awaiting_input) ask --data '{"command": "accept_recommendations"}' "$api/projects/$SCHEMATHESIS_PROJECT/commands" >/dev/null || true ;;
        completed) break ;;
    esac
    sleep 0.2
done
SCHEMATHESIS_ARTIFACT=$(ask "$api/projects/$SCHEMATHESIS_PROJECT/artifacts" | field items 0 id)
export SCHEMATHESIS_TOKEN SCHEMATHESIS_WORKSPACE SCHEMATHESIS_PROJECT SCHEMATHESIS_ARTIFACT SCHEMATHESIS_FEATURE
say "asks $SCHEMATHESIS_URL for $seconds s"

# One worker: CPython counts the depth of syntax trees for all threads together (gh-106905, up to 3.11), and hypothesis parses some.
# Left out: what ends the session or the account that is being asked with, what ends the project, and streams.
cd "$scratch"
"$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$api/openapi.json" \
    --phases examples,coverage,fuzzing --max-time "$seconds" --workers 1 --seed "${SCHEMATHESIS_SEED:-1}" --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --exclude-path-regex '/(auth/(logout|password|sessions)|users/me$|users/me/sessions)|/ws$' \
    --exclude-operation-id delete_project --exclude-operation-id delete_feature "$@"
