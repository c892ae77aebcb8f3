#!/usr/bin/env bash
# What a partner's portal does, with curl alone. Needs a running `cargo run -- serve` and, for connecting, a login that
# consents (`cargo run -- simulate`): API and BOOTSTRAP say where and with which token.
set -euo pipefail
: "${API:?the API, as serve prints it}" "${BOOTSTRAP:?the bootstrap token, as serve prints it once}"
HEADERS="$(mktemp)"
trap 'rm -f "$HEADERS"' EXIT

# Asks and prints: method, path, body or nothing, and a version where it is an edit. Leaves ANSWER and VERSION.
ask() {
    local method="$1" path="$2" body="${3:-}" arguments=()
    [ -n "$body" ] && arguments+=(-H 'content-type: application/json' -d "$body")
    [ -n "${IF:-}" ] && arguments+=(-H "if-match: $IF")
    echo "> $method /v1/$path ${IF:+(If-Match: $IF) }$body"
    ANSWER="$(curl -sS -X "$method" -D "$HEADERS" -H "authorization: Bearer $TOKEN" "${arguments[@]}" "$API/v1/$path")"
    VERSION="$(sed -n 's/^etag: *\("[0-9]*"\).*/\1/ip' "$HEADERS" | tr -d '\r')"
    echo "< $(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$HEADERS") $(shown <<<"$ANSWER")"
}
shown() { sed -E 's/("(ownerToken|token|url)":"[^"]{0,24})[^"]*/\1.../g'; }
of() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$ANSWER"; }
first_id() { sed -n 's/^[^}]*"id":"\([^"]*\)".*/\1/p' <<<"$ANSWER" | head -1; }

TOKEN="$BOOTSTRAP"
ask POST partners '{"name":"Distributor","owner":{"name":"Ada","email":"ada@distributor.example"}}'
TOKEN="$(of ownerToken)"
OWNER="$TOKEN"
echo; echo "# The plan, its Entra label, and a partner below that may sell it"
ask POST plans '{"product":"BackupEntra","name":"Entra","periodicity":"monthly","price":{"amountMinor":250,"currency":"EUR"}}'
ask POST partner/sku '{"sku":"Entra"}'
ask POST plans '{"product":"BackupEntra","name":"Entra","periodicity":"monthly","price":{"amountMinor":250,"currency":"EUR"}}'
PLAN="$(first_id)"
ask POST partners '{"name":"Reseller","owner":{"name":"Bo","email":"bo@reseller.example"}}'
RESELLER="$(first_id)"
SELLER="$(of ownerToken)"
ask POST partner/sku "{\"sku\":\"Entra\",\"partner\":\"$RESELLER\"}"
ask PUT "plans/$PLAN/partners/$RESELLER"
echo; echo "# The organisation, connected by its administrator"
TOKEN="$SELLER"
ask POST organisations "{\"name\":\"Contoso\",\"email\":\"it@contoso.example\",\"plan\":\"$PLAN\",\"seats\":10}"
ORG="$(first_id)"
ask POST "organisations/$ORG/consent-link" '{"app":"reader"}'
curl -sSL -o "$HEADERS" -w '< %{http_code} the administrator consents\n' "$(of url | sed 's/\\u0026/\&/g')"
echo; echo "# Seats, and the life of an organisation"
ask GET "organisations/$ORG/subscription"
IF="$VERSION" ask PATCH "organisations/$ORG/subscription" '{"seats":25}'
IF="$VERSION" ask POST "organisations/$ORG/suspend"
IF="$VERSION" ask POST "organisations/$ORG/reactivate"
IF="$VERSION" ask POST "organisations/$ORG/unsubscribe"
IF="$VERSION" ask POST "organisations/$ORG/reactivate"
echo; echo "# To another partner"
TOKEN="$OWNER"
ask POST partners '{"name":"Taker","owner":{"name":"Cy","email":"cy@taker.example"}}'
TAKER="$(first_id)"
TAKING="$(of ownerToken)"
ask POST partner/sku "{\"sku\":\"Entra\",\"partner\":\"$TAKER\"}"
ask PUT "plans/$PLAN/partners/$TAKER"
TOKEN="$SELLER"
ask GET "organisations/$ORG"
IF="$VERSION" ask POST "organisations/$ORG/transfer" "{\"to\":\"$TAKER\"}"
TOKEN="$TAKING"
ask GET transfers
ask POST "organisations/$ORG/transfer/accept" "{\"plan\":\"$PLAN\"}"
echo; echo "# The end, at once"
IF="$VERSION" ask POST "organisations/$ORG/deletion" '{"holdDays":0,"confirmation":"Contoso"}'
ask GET audit/verify
