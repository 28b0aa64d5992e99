"""Clients of the stand-in and assertions.

All clients build `https://{domain}/…` without validating the domain, so `host:port` is accepted. The
client of the Management API uses httpx, which trusts SSL_CERT_FILE; the client of the Authentication
API uses requests, which trusts REQUESTS_CA_BUNDLE.
"""

import os
import re

import httpx
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

URL = os.environ["SIM_URL"]
DOMAIN = URL.removeprefix("https://")
CLIENT_ID = os.environ["SIM_CLIENT_ID"]
CLIENT_SECRET = os.environ["SIM_CLIENT_SECRET"]
CONNECTION = "Username-Password-Authentication"
PASSWORD = "correct horse battery"
# This SDK also retries after 409.
ONCE = {"max_retries": 0}

auth0 = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
users, organizations = auth0.users, auth0.organizations
token = GetToken(DOMAIN, CLIENT_ID, CLIENT_SECRET)


def control(method, path, body=None):
    """Calls a control route of the stand-in."""
    response = httpx.request(method, f"{URL}/__sim/{path}", json=body)
    assert response.is_success, f"{method} /__sim/{path}: {response.text}"
    return response.json() if response.content else None


def inject_rate_limit(route, times):
    fault = {"route": route, "times": times, "kind": "status", "status": 429}
    control("POST", "faults", fault)


def calls_during(action):
    """Returns the number of calls of each route while `action` ran."""
    control("DELETE", "calls")
    action()
    return control("GET", "calls")


def assert_equal(found, expected):
    assert found == expected, f"{found!r}, not {expected!r}"


def assert_matches(text, pattern):
    assert re.search(pattern, text), f"{text!r} does not match {pattern!r}"


def assert_rejected(call, status, code, message=""):
    """Asserts that the call fails with this status and code, as parsed by the SDK."""
    try:
        call()
    except ApiError as error:
        assert isinstance(error.body, dict), f"not an error of the API: {error}"
        found = (error.status_code, error.body.get("statusCode"), error.body.get("errorCode"))
        assert_equal(found, (status, status, code))
        assert_matches(error.body["message"], message)
    else:
        raise AssertionError(f"not rejected with {status}")


def assert_login_rejected(call, status, code, message=""):
    """Like `assert_rejected`, for the Authentication API."""
    try:
        call()
    except Auth0Error as error:
        assert_equal((error.status_code, error.error_code), (status, code))
        assert_matches(error.message, message)
        return error
    raise AssertionError(f"not rejected with {status}")


def create_user(email, **overrides):
    overrides = {"connection": CONNECTION, "password": PASSWORD, **overrides}
    return users.create(email=email, request_options=ONCE, **overrides)
