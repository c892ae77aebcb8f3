#!/usr/bin/env bash
# Asks a running installation what its own OpenAPI document says that it can be asked, for a bounded time, and has a client
# that a generator makes of the document call it: `infra/check/api.sh SCHEMATHESIS HOLDFAST SCRATCH [WHO [SECONDS]]`.
# WHO asks is `owner`, `support` or `end-customer`, a minute each, or `all`, one after the other. Without WHO it is one of
# them, another for another commit. For so many SECONDS what one answer names is asked for by the next: in the 20 of the gate
# a third of the operations gets its turn, in 200 all of them.
set -euo pipefail
schemathesis="$1" holdfast="$(realpath "$2")" scratch="$(realpath "$3")" who="${4:-}" stateful_s="${5:-20}"
everybody=(owner support end-customer)
if [ -z "$who" ]; then
    commit="$(git -C "$(dirname "$0")" rev-parse --short=6 HEAD 2>/dev/null || echo 0)"
    who="${everybody[$((16#$commit % 3))]}"
fi
case "$who" in
all) ;;
owner | support | end-customer) everybody=("$who") ;;
*) echo "nobody is called $who: owner, support, end-customer or all" && exit 2 ;;
esac
tools="$(dirname "$1")" here="$(cd "$(dirname "$0")" && pwd)"
# Why there: what it remembers of a run is not ours to keep.
cd "$scratch"
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
bootstrap="bootstrap-$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')"
api="http://127.0.0.1:$port"
HOLDFAST_READER_CLIENT_ID=00000000-0000-4000-8000-000000000001 HOLDFAST_READER_CLIENT_SECRET=none \
    "$holdfast" serve --data "$scratch/api-data" --port "$port" --bootstrap-token "$bootstrap" \
    --graph-url http://127.0.0.1:9 --login-url http://127.0.0.1:9 >"$scratch/api.log" 2>&1 &
served=$!
trap 'kill "$served" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    curl -sf -o "$scratch/openapi.json" "$api/v1/openapi.json" && break
    sleep 0.2
done

post() { curl -sSf -X POST -H "authorization: Bearer $1" -H 'content-type: application/json' -d "$3" "$api/v1/$2"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
price='{"amountMinor":250,"currency":"EUR"}'
# A partner with a customer, of whom one asks: what the one before did is nothing to them.
token="" asking=""
begin() {
    local partner plan organisation org version
    partner="$(post "$bootstrap" partners '{"name":"P","owner":{"name":"Ada","email":"ada@example.com"}}')"
    token="$(field ownerToken <<<"$partner")"
    post "$token" partner/sku '{"sku":"Entra"}' >"$scratch/sku.json"
    plan="$(post "$token" plans "{\"product\":\"BackupEntra\",\"name\":\"P\",\"periodicity\":\"monthly\",\"price\":$price}" | field id)"
    organisation="{\"name\":\"Contoso\",\"email\":\"it@example.com\",\"plan\":\"$plan\",\"seats\":10}"
    org="$(post "$token" organisations "$organisation" | field id)"
    version="$(curl -sSf -o /dev/null -D - -H "authorization: Bearer $token" "$api/v1/organisations/$org" | tr -d '\r' | sed -n 's/^etag: //Ip')"
    curl -sSf -X PUT -H "authorization: Bearer $token" -H 'content-type: application/json' -H "if-match: $version" \
        -d '{"features":["search","compare","restore"]}' "$api/v1/organisations/$org/features" >"$scratch/features.json"
    case "$1" in
    owner) asking="$token" ;;
    support) asking="$(post "$token" tokens '{"name":"Support","role":"support"}' | field token)" ;;
    end-customer) asking="$(post "$token" "organisations/$org/token" '{}' | field token)" ;;
    esac
    printf '[parameters]\n"path.org" = "%s"\n"path.pln" = "%s"\n"path.month" = "2025-12"\n' "$org" "$plan" >"$scratch/schemathesis.toml"
}

# Why without these: whoever revokes or renews their own token is not let in any more, and is told so by the gateway, whose
# answers the document does not have.
ends=(revokeToken rotateToken)
python3 "$here/links.py" "$scratch/openapi.json" "$scratch/linked.json"
asks() {
    "$schemathesis" --config-file "$scratch/schemathesis.toml" run "$scratch/linked.json" --url "$api" \
        -H "Authorization: Bearer $asking" --seed 7 "$@" \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
        --exclude-path /v1/consent/callback --continue-on-failure
}
for one in "${everybody[@]}"; do
    echo "=== asked by: $one"
    begin "$one"
    asks --phases examples,coverage,fuzzing --max-examples 10 --max-time 40
    # What one answer names is asked for by the next: lists, then what is in them, then what is made of that.
    asks --phases stateful --max-examples 20 --max-time "$stateful_s" "${ends[@]/#/--exclude-operation-id=}"
    # Whoever asked did so in vain where they were not let in at all.
    curl -sSf -H "authorization: Bearer $asking" "$api/v1/me" >"$scratch/me.json"
    curl -sSf -H "authorization: Bearer $token" "$api/v1/audit/verify"
    echo
done

# Why any warning fails: what a generator leaves out, its client cannot call.
echo 'post_hooks: []' >"$scratch/client.yaml"
"$tools/openapi-python-client" generate --path "$scratch/openapi.json" --config "$scratch/client.yaml" \
    --output-path "$scratch/client" --overwrite --fail-on-warning
PYTHONPATH="$scratch/client" "$tools/python" "$here/client.py" "$api" "$bootstrap"
