# shellcheck shell=sh
# Functions for the drills of the runbooks. Source this file in a shell, from the root of the
# repository:
#
#     cargo build --locked -p http-actix -p auth0-sim --bins
#     . docs/operations/drill.sh
#     drill_start
#
# Usher serves on 127.0.0.1:8080, health and metrics on port 8081. The stand-in for Auth0 is on port
# 9000, and a second stand-in, the token issuer, on port 9001.

# The directory of settings, secret and logs. You can change the settings there.
DRILL=${DRILL:-$(mktemp -d)}
DRILL_BIN=${DRILL_BIN:-target/debug}
[ -e "$DRILL/usher.toml" ] || cp docs/operations/drill.toml "$DRILL/usher.toml"
# The default secret of the stand-in.
[ -e "$DRILL/secret" ] || printf usher-secret >"$DRILL/secret"

# drill_auth0, drill_issuer and drill_usher start one process each. The process ids are in AUTH0,
# ISSUER and USHER.
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
            echo "no response from $1; see the logs in $DRILL" >&2
            return 1
        fi
        sleep 0.1
    done
}

# drill_start [VARIABLE=VALUE …]: starts all three processes.
drill_start() {
    drill_auth0 && drill_issuer && drill_usher "$@" && echo "settings and logs are in $DRILL"
}

# drill_stop: stops the running processes, Usher first, so that its last calls get a response.
drill_stop() {
    for process in "${USHER:-}" "${AUTH0:-}" "${ISSUER:-}"; do
        if [ -n "$process" ] && kill -INT "$process" 2>/dev/null; then wait "$process"; fi
    done
    USHER='' AUTH0='' ISSUER=''
}

# drill_token operators|members [USER]: prints a token with all scopes and permissions.
drill_token() {
    curl -fsS http://127.0.0.1:9001/__sim/tokens -d '{"user_id": "'"${2:-auth0|operator}"'",
        "audience": ["drill-'"$1"'"], "scope": "tenant.access:read tenant.access:write",
        "permissions": ["VIEW_USERS_AND_GROUPS", "MODIFY_USERS_AND_GROUPS"]}' \
        | sed 's/.*"access_token": *"\([^"]*\)".*/\1/'
}

# drill_list [TENANT]: lists a tenant's users with $TOKEN; prints the start of the response, its
# status and its time.
drill_list() {
    curl -s -w '\n%{http_code} after %{time_total}s\n' -H "Authorization: Bearer $TOKEN" \
        "http://127.0.0.1:8080/api/${1:-acme}/admin/users" | cut -c 1-160
}

# drill_metrics PATTERN: prints the matching metrics.
drill_metrics() { curl -s http://127.0.0.1:8081/metrics | grep -E "$1"; }

# drill_log PATTERN: prints the matching lines of Usher's log.
drill_log() { grep -E "$1" "$DRILL/usher.log"; }
