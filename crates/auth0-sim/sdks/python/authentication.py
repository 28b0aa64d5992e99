"""Tokens, retries and logins."""

import base64
import json

import httpx
from auth0.authentication import Database, GetToken
from auth0.authentication.exceptions import RateLimitError
from auth0.management import ManagementClient
from support import (
    CLIENT_ID,
    CLIENT_SECRET,
    CONNECTION,
    DOMAIN,
    ONCE,
    PASSWORD,
    URL,
    assert_equal,
    assert_login_rejected,
    assert_matches,
    assert_rejected,
    auth0,
    calls_during,
    control,
    create_user,
    inject_rate_limit,
    token,
    users,
)


def token_is_reused_across_calls():
    fresh = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    calls = calls_during(lambda: [fresh.users.list(), fresh.users.list()])
    assert_equal(calls["POST /oauth/token client_credentials"], 1)
    assert_equal(calls["GET /api/v2/users"], 2)


def token_has_lifetime_and_scopes():
    response = token.client_credentials(audience=f"{URL}/api/v2/")
    assert_equal((response["token_type"], response["expires_in"]), ("Bearer", 86400))
    assert "read:users" in response["scope"].split(" ")
    assert "refresh_token" not in response
    payload = json.loads(base64.urlsafe_b64decode(response["access_token"].split(".")[1] + "=="))
    assert_equal(payload["iss"], f"{URL}/")
    assert_equal(payload["aud"], f"{URL}/api/v2/")
    assert_equal(payload["sub"], f"{CLIENT_ID}@clients")
    assert_equal(payload["gty"], "client-credentials")


def missing_scope_is_rejected():
    # The SDK's own method for this grant has no parameter for scopes.
    request = {
        "client_id": CLIENT_ID,
        "audience": f"{URL}/api/v2/",
        "grant_type": "client_credentials",
        "scope": "read:connections",
    }
    response = token.authenticated_post(f"{URL}/oauth/token", data=request)
    reader = ManagementClient(domain=DOMAIN, token=response["access_token"])
    reader.connections.list()
    message = r"^Insufficient scope, expected any of: read:users$"
    assert_rejected(lambda: reader.users.list(), 403, "insufficient_scope", message)
    change = lambda: reader.users.update("auth0|window-0001", app_metadata={"a": 1})
    assert_rejected(change, 403, "insufficient_scope", "update:users")
    unauthorized = ManagementClient(domain=DOMAIN, token="no.such.token")
    assert_rejected(lambda: unauthorized.users.list(), 401, None, "^Invalid token$")


def wrong_secret_is_rejected():
    unauthorized = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret="wrong")
    try:
        unauthorized.users.list()
        raise AssertionError("login succeeded")
    except httpx.HTTPStatusError as error:
        assert_equal(error.response.status_code, 401)
    wrong = GetToken(DOMAIN, CLIENT_ID, "wrong")
    assert_login_rejected(lambda: wrong.client_credentials(f"{URL}/api/v2/"), 401, "invalid_client")


def management_retries_after_429():
    route = "GET /api/v2/users/{id}"
    user = create_user("retry@sdk.example")
    inject_rate_limit(route, 2)
    calls = calls_during(lambda: assert_equal(users.get(user.user_id).user_id, user.user_id))
    assert_equal(calls[route], 3)
    inject_rate_limit(route, 1)
    once = lambda: users.get(user.user_id, request_options=ONCE)
    assert_rejected(once, 429, "too_many_requests")


def client_waits_for_rate_limit():
    route = "GET /api/v2/users/{id}"
    user = create_user("patient@sdk.example")
    limit = {"global_burst": 2, "global_per_second": 2}
    control("PATCH", "switches", {"rate_limit": limit})
    calls = calls_during(lambda: [users.get(user.user_id) for _ in range(5)])
    assert calls[route] > 5, f"{calls[route]} calls for 5 responses"
    headers = users.with_raw_response.get(user.user_id).headers
    assert_equal(headers["x-ratelimit-limit"], "2")
    assert_matches(headers["x-ratelimit-remaining"], "^[01]$")
    assert_matches(headers["x-ratelimit-reset"], r"^\d{10}$")
    control("PATCH", "switches", {"rate_limit": None})


def login_429_raises_rate_limit_error():
    # This SDK's client for the Authentication API does not retry.
    create_user("retry-login@sdk.example")
    inject_rate_limit("POST /oauth/token password-realm", 1)
    login = lambda: token.login("retry-login@sdk.example", PASSWORD, realm=CONNECTION)
    error = assert_login_rejected(login, 429, "too_many_requests")
    assert isinstance(error, RateLimitError)
    assert "access_token" in login()


def password_login_succeeds_or_fails():
    email = "login@sdk.example"
    user = create_user(email, username="login-user")

    def attempt(username, password):
        return token.login(username, password, realm=CONNECTION, forwarded_for="203.0.113.7")

    response = attempt(email, PASSWORD)
    assert_equal((response["token_type"], type(response["access_token"])), ("Bearer", str))
    attempt("login-user", PASSWORD)
    after = users.get(user.user_id)
    assert_equal(after.logins_count, 2)
    assert_equal(after.last_ip, "203.0.113.7")
    assert user.created_at <= after.last_login <= after.updated_at
    wrong = r"^Wrong email or password\.$"
    assert_login_rejected(lambda: attempt(email, "wrong"), 403, "invalid_grant", wrong)
    unknown = lambda: attempt("nobody@sdk.example", PASSWORD)
    assert_login_rejected(unknown, 403, "invalid_grant", wrong)
    users.update(user.user_id, blocked=True)
    assert_login_rejected(lambda: attempt(email, PASSWORD), 401, "unauthorized", "user is blocked")


def repeated_wrong_passwords_block_login():
    email = "guessed@sdk.example"
    user = create_user(email)
    attempt = lambda password: token.login(email, password, realm=CONNECTION)
    for _ in range(10):
        assert_login_rejected(lambda: attempt("wrong"), 403, "invalid_grant")
    assert_login_rejected(lambda: attempt(PASSWORD), 429, "too_many_attempts")
    blocks = auth0.user_blocks.list(user.user_id).blocked_for
    assert_equal([block.identifier for block in blocks], [email])
    auth0.user_blocks.delete(user.user_id)
    assert_equal(auth0.user_blocks.list(user.user_id).blocked_for, [])
    assert "access_token" in attempt(PASSWORD)


def password_mail_hides_whether_user_exists():
    create_user("forgetful@sdk.example")
    mails = Database(DOMAIN, CLIENT_ID)
    known = mails.change_password("forgetful@sdk.example", CONNECTION)
    assert_equal(mails.change_password("nobody@sdk.example", CONNECTION), known)
    assert_matches(known, "sent you an email to reset your password")
    assert_equal([mail["to"] for mail in control("GET", "mails") if mail["kind"] == "reset_email"],
          ["forgetful@sdk.example"])


CHECKS = [
    token_is_reused_across_calls,
    token_has_lifetime_and_scopes,
    missing_scope_is_rejected,
    wrong_secret_is_rejected,
    management_retries_after_429,
    client_waits_for_rate_limit,
    login_429_raises_rate_limit_error,
    password_login_succeeds_or_fails,
    repeated_wrong_passwords_block_login,
    password_mail_hides_whether_user_exists,
]
