# shellcheck shell=sh
# What the drills of the run-books need. Sourced by a shell, from the root of the repository:
#
#     cargo build --locked -p http-actix -p auth0-sim --bins
#     . docs/operations/drill.sh
#     drill_start
#
# Usher answers on 127.0.0.1:8080, its health and metrics on 8081. The stand-in for Auth0 is on 9000,
# and a second one, the issuer of tokens, on 9001.

# Settings, secret and logs; the settings may be changed there.
DRILL=${DRILL:-$(mktemp -d)}
DRILL_BIN=${DRILL_BIN:-target/debug}
[ -e "$DRILL/usher.toml" ] || cp docs/operations/drill.toml "$DRILL/usher.toml"
# It is the one that the stand-in has by itself.
[ -e "$DRILL/secret" ] || printf usher-secret >"$DRILL/secret"

# Each of these starts one of the three; the process ids are in AUTH0, ISSUER and USHER.
drill_auth0() {
    "$DRILL_BIN/auth0-sim" --listen 127.0.0.1:9000 --seed crates/auth0-sim/demo.jsonl \
        >"$DRILL/auth0.log" 2>&1 &
    AUTH0=$!
    drill_until http://127.0.0.1:9000/__sim/health
}

drill_issuer() {
    "$DRILL_BIN/auth0-sim" --listen 127.0.0.1:9001 >"$DRILL/issuer.log" 2>&1 &
    ISSUER=$!
    drill_until http://127.0.0.1:9001/__sim/health
}

# drill_usher [VARIABLE=VALUE …]
drill_usher() {
    env "$@" "$DRILL_BIN/usher" serve --config "$DRILL/usher.toml" 2>>"$DRILL/usher.log" &
    USHER=$!
    drill_until http://127.0.0.1:8081/health/live
}

drill_until() {
    tries=0
    until curl -fso /dev/null "$1"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            echo "nobody answers at $1; see $DRILL" >&2
            return 1
        fi
        sleep 0.1
    done
}

# drill_start [VARIABLE=VALUE …]: all three.
drill_start() {
    drill_auth0 && drill_issuer && drill_usher "$@" && echo "settings and logs are in $DRILL"
}

# Stops what still runs, Usher first, so that its last calls are answered.
drill_stop() {
    for process in "${USHER:-}" "${AUTH0:-}" "${ISSUER:-}"; do
        if [ -n "$process" ] && kill -INT "$process" 2>/dev/null; then wait "$process"; fi
    done
    USHER='' AUTH0='' ISSUER=''
}

# drill_token operators|members [USER]: a token of the second stand-in that carries everything.
drill_token() {
    curl -fsS http://127.0.0.1:9001/__sim/tokens -d '{"user_id": "'"${2:-auth0|operator}"'",
        "audience": ["drill-'"$1"'"], "scope": "tenant.access:read tenant.access:write",
        "permissions": ["VIEW_USERS_AND_GROUPS", "MODIFY_USERS_AND_GROUPS"]}' \
        | sed 's/.*"access_token": *"\([^"]*\)".*/\1/'
}

# drill_list [TENANT]: lists a tenant's users with $TOKEN; how the answer begins, its status, its time.
drill_list() {
    curl -s -w '\n%{http_code} after %{time_total}s\n' -H "Authorization: Bearer $TOKEN" \
        "http://127.0.0.1:8080/api/${1:-acme}/admin/users" | cut -c 1-160
}

# drill_metrics PATTERN: the metrics that match.
drill_metrics() { curl -s http://127.0.0.1:8081/metrics | grep -E "$1"; }

# drill_log PATTERN: the lines of Usher's log that match.
drill_log() { grep -E "$1" "$DRILL/usher.log"; }
