"""Drives the stand-in with `auth0-python` from PyPI, as an application would.

All of its clients build `https://{domain}/…` and look at nothing in the domain, so `host:port` is
a domain to them. The Management API's client is built on httpx, which trusts SSL_CERT_FILE, the
Authentication API's on requests, which trusts REQUESTS_CA_BUNDLE.
"""

import base64
import json
import os
import re
import sys
import traceback

import httpx
from auth0.authentication import Database, GetToken
from auth0.authentication.exceptions import Auth0Error, RateLimitError
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

URL = os.environ["SIM_URL"]
DOMAIN = URL.removeprefix("https://")
CLIENT_ID = os.environ["SIM_CLIENT_ID"]
CLIENT_SECRET = os.environ["SIM_CLIENT_SECRET"]
CONNECTION = "Username-Password-Authentication"
PASSWORD = "correct horse battery"
# This SDK sends again what was answered with 409, too.
ONCE = {"max_retries": 0}

auth0 = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
users, organizations = auth0.users, auth0.organizations
token = GetToken(DOMAIN, CLIENT_ID, CLIENT_SECRET)


def control(method, path, body=None):
    """The control routes, which no SDK knows."""
    response = httpx.request(method, f"{URL}/__sim/{path}", json=body)
    assert response.is_success, f"{method} /__sim/{path}: {response.text}"
    return response.json() if response.content else None


def too_many(route, times):
    fault = {"route": route, "times": times, "kind": "status", "status": 429}
    control("POST", "faults", fault)


def calls_during(action):
    """How often each route was called while `action` ran."""
    control("DELETE", "calls")
    action()
    return control("GET", "calls")


def equal(found, expected):
    assert found == expected, f"{found!r}, not {expected!r}"


def matches(text, pattern):
    assert re.search(pattern, text), f"{text!r} does not match {pattern!r}"


def refused(call, status, code, message=""):
    """The call must fail, with an error that the SDK has read status and code from."""
    try:
        call()
    except ApiError as error:
        assert isinstance(error.body, dict), f"no error of the API: {error}"
        found = (error.status_code, error.body.get("statusCode"), error.body.get("errorCode"))
        equal(found, (status, status, code))
        matches(error.body["message"], message)
    else:
        raise AssertionError(f"not refused with {status}")


def turned_away(call, status, code, message=""):
    """As `refused`, for the Authentication API."""
    try:
        call()
    except Auth0Error as error:
        equal((error.status_code, error.error_code), (status, code))
        matches(error.message, message)
        return error
    raise AssertionError(f"not refused with {status}")


def create(email, **more):
    more = {"connection": CONNECTION, "password": PASSWORD, **more}
    return users.create(email=email, request_options=ONCE, **more)


def one_token_for_many_calls():
    fresh = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    calls = calls_during(lambda: [fresh.users.list(), fresh.users.list()])
    equal(calls["POST /oauth/token client_credentials"], 1)
    equal(calls["GET /api/v2/users"], 2)


def token_has_lifetime_and_scopes():
    answer = token.client_credentials(audience=f"{URL}/api/v2/")
    equal((answer["token_type"], answer["expires_in"]), ("Bearer", 86400))
    assert "read:users" in answer["scope"].split(" ")
    assert "refresh_token" not in answer
    payload = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
    equal(payload["iss"], f"{URL}/")
    equal(payload["aud"], f"{URL}/api/v2/")
    equal(payload["sub"], f"{CLIENT_ID}@clients")
    equal(payload["gty"], "client-credentials")


def scope_of_the_token_counts():
    # The SDK's own method for this grant has no parameter for scopes.
    asked = {
        "client_id": CLIENT_ID,
        "audience": f"{URL}/api/v2/",
        "grant_type": "client_credentials",
        "scope": "read:connections",
    }
    answer = token.authenticated_post(f"{URL}/oauth/token", data=asked)
    reader = ManagementClient(domain=DOMAIN, token=answer["access_token"])
    reader.connections.list()
    needed = r"^Insufficient scope, expected any of: read:users$"
    refused(lambda: reader.users.list(), 403, "insufficient_scope", needed)
    change = lambda: reader.users.update("auth0|window-0001", app_metadata={"a": 1})
    refused(change, 403, "insufficient_scope", "update:users")
    stranger = ManagementClient(domain=DOMAIN, token="no.such.token")
    refused(lambda: stranger.users.list(), 401, None, "^Invalid token$")


def wrong_secret_gets_no_token():
    stranger = ManagementClient(domain=DOMAIN, client_id=CLIENT_ID, client_secret="wrong")
    try:
        stranger.users.list()
        raise AssertionError("let in")
    except httpx.HTTPStatusError as error:
        equal(error.response.status_code, 401)
    wrong = GetToken(DOMAIN, CLIENT_ID, "wrong")
    turned_away(lambda: wrong.client_credentials(f"{URL}/api/v2/"), 401, "invalid_client")


def user_has_defaults():
    user = create("Ada.Lovelace@SDK.Example")
    matches(user.user_id, r"^auth0\|[0-9a-f]{24}$")
    equal(user.email, "ada.lovelace@sdk.example")
    equal(user.name, user.email)
    equal(user.nickname, "ada.lovelace")
    matches(user.picture, r"^https://s\.gravatar\.com/avatar/")
    equal(user.email_verified, False)
    equal(user.created_at.utcoffset().total_seconds(), 0)
    identity = {"connection": CONNECTION, "provider": "auth0", "isSocial": False}
    equal(user.dict()["identities"], [{**identity, "user_id": user.user_id.split("|")[1]}])
    present = {"created_at", "email", "email_verified", "identities", "name", "nickname"}
    equal(set(user.dict()), present | {"picture", "updated_at", "user_id"})
    equal(users.get(user.user_id).dict(), user.dict())


def user_is_updated_and_deleted():
    more = {"user_id": "sdk-grace", "username": "Grace", "given_name": "Grace"}
    user = create("grace@sdk.example", **more)
    equal(user.user_id, "auth0|sdk-grace")
    updated = users.update(user.user_id, name="Grace Hopper", given_name=None)
    equal((updated.name, updated.given_name, updated.username), ("Grace Hopper", None, "grace"))
    assert updated.updated_at >= user.updated_at
    equal(users.get(user.user_id).dict(), updated.dict())
    users.delete(user.user_id)
    users.delete(user.user_id)
    missing = r"^The user does not exist\.$"
    refused(lambda: users.get(user.user_id), 404, "inexistent_user", missing)
    rename = lambda: users.update(user.user_id, name="Nobody")
    refused(rename, 404, "inexistent_user", missing)


def email_is_taken_once():
    first = create("first@sdk.example")
    exists = r"^The user already exists\.$"
    refused(lambda: create("FIRST@sdk.example"), 409, "auth0_idp_error", exists)
    second = create("second@sdk.example")
    change = lambda: users.update(second.user_id, email="first@sdk.example")
    refused(change, 400, "auth0_idp_error", "^The specified new email already exists")
    users.delete(first.user_id)
    create("first@sdk.example")


def by_email_minds_case():
    user = create("by-email@sdk.example")
    [found] = users.list_users_by_email(email="by-email@sdk.example")
    equal(found.dict(), user.dict())
    equal(users.list_users_by_email(email="By-Email@sdk.example"), [])


def metadata_is_merged_at_the_first_level():
    user = create(
        "metadata@sdk.example",
        app_metadata={"plan": {"name": "free", "seats": 1}, "kept": "yes"},
        user_metadata={"color": "red", "size": 1},
    )
    merged = users.update(
        user.user_id,
        app_metadata={"plan": {"name": "paid"}},
        user_metadata={"color": None, "shape": "round"},
    )
    equal(merged.app_metadata, {"plan": {"name": "paid"}, "kept": "yes"})
    equal(merged.user_metadata, {"size": 1, "shape": "round"})
    cleared = users.update(user.user_id, app_metadata={}, user_metadata={})
    equal((cleared.app_metadata, cleared.user_metadata), (None, {}))


def search_finds_sorts_and_selects():
    for name, level in ("Bob", 1), ("alice", 2), ("Carol", 3):
        metadata = {"team": "search", "level": level, "tags": [f"tag-{level}"]}
        create(f"{name.lower()}@search.example", name=name, app_metadata=metadata)

    def names(q, sort="email:1"):
        return [user.name for user in users.list(q=q, sort=sort, search_engine="v3").items]

    team = "app_metadata.team:search"
    equal(names('app_metadata.team:"search"'), ["alice", "Bob", "Carol"])
    equal(names(team, sort="email:-1"), ["Carol", "Bob", "alice"])
    equal(names('app_metadata.team:"Search"'), [])
    equal(names('app_metadata.tags:"tag-2"'), ["alice"])
    equal(names(f"{team} AND name:ALI*"), ["alice"])
    equal(names("email:*@search.example AND NOT name:bob"), ["alice", "Carol"])
    equal(names(f"{team} AND (name:bob OR name:carol)"), ["Bob", "Carol"])
    [carol] = users.list(q="name:Carol").items
    since = carol.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    equal(names(f"{team} AND created_at:[{since} TO *]")[-1], "Carol")
    equal(names(f"{team} AND created_at:{{{since} TO *]"), [])
    for user in users.list(q=team, fields="email,user_id", include_fields=True):
        equal(set(user.dict()), {"email", "user_id"})
    for user in users.list(q=team, fields="email,user_id", include_fields=False):
        assert "nickname" in user.dict() and not {"email", "user_id"} & set(user.dict())
    refused(lambda: users.list(q="name:(bob"), 400, "invalid_query_string")
    refused(lambda: users.list(sort="app_metadata.level:1"), 400, "invalid_query_string")


def pages_lead_to_the_end():
    for n in range(12):
        create(f"page-{n}@sdk.example", app_metadata={"team": "paging"})
    request = {"q": 'app_metadata.team:"paging"', "sort": "created_at:1", "per_page": 5}
    page = users.list(page=2, **request).response
    equal((page.start, page.limit, page.length, page.total), (10, 5, 2, 12))
    # The SDK's own pager asks until a page is empty.
    pages = users.list(include_totals=True, **request).iter_pages()
    equal([len(page.items) for page in pages], [5, 5, 2])
    equal(len({user.user_id for user in users.list(**request)}), 12)


def nothing_is_behind_the_thousandth():
    request = {"q": 'app_metadata.batch:"window"', "per_page": 100}
    last = users.list(page=9, **request)
    equal((len(last.items), last.response.total), (100, 1000))
    wall = "^You can only page through the first 1000 records"
    refused(lambda: users.list(page=10, **request), 400, "invalid_paging", wall)
    # The SDK's own pager does not know of it.
    refused(lambda: list(users.list(**request)), 400, "invalid_paging", wall)


def management_retries_after_429():
    route = "GET /api/v2/users/{id}"
    user = create("retry@sdk.example")
    too_many(route, 2)
    calls = calls_during(lambda: equal(users.get(user.user_id).user_id, user.user_id))
    equal(calls[route], 3)
    too_many(route, 1)
    once = lambda: users.get(user.user_id, request_options=ONCE)
    refused(once, 429, "too_many_requests")


def rate_limit_is_waited_out():
    route = "GET /api/v2/users/{id}"
    user = create("patient@sdk.example")
    limit = {"global_burst": 2, "global_per_second": 2}
    control("PATCH", "switches", {"rate_limit": limit})
    calls = calls_during(lambda: [users.get(user.user_id) for _ in range(5)])
    assert calls[route] > 5, f"{calls[route]} calls for 5 answers"
    headers = users.with_raw_response.get(user.user_id).headers
    equal(headers["x-ratelimit-limit"], "2")
    matches(headers["x-ratelimit-remaining"], "^[01]$")
    matches(headers["x-ratelimit-reset"], r"^\d{10}$")
    control("PATCH", "switches", {"rate_limit": None})


def login_tells_429_apart():
    # This SDK's client for the Authentication API does not retry.
    create("retry-login@sdk.example")
    too_many("POST /oauth/token password-realm", 1)
    login = lambda: token.login("retry-login@sdk.example", PASSWORD, realm=CONNECTION)
    error = turned_away(login, 429, "too_many_requests")
    assert isinstance(error, RateLimitError)
    assert "access_token" in login()


def weak_password_is_refused():
    weak = "^PasswordStrengthError: Password is too weak$"
    refused(lambda: create("weak@sdk.example", password="abc"), 400, None, weak)
    user = create("strong@sdk.example")

    def change(password):
        return users.update(user.user_id, connection=CONNECTION, password=password)

    refused(lambda: change("abc"), 400, None, weak)
    equal(users.get(user.user_id).last_password_reset, None)
    assert change("another battery").last_password_reset


def body_is_checked():
    refused(lambda: create("no-email"), 400, "invalid_body", "^Payload validation error: ")
    elsewhere = lambda: create("elsewhere@sdk.example", connection="nowhere")
    refused(elsewhere, 400, "inexistent_connection")
    extra = {**ONCE, "additional_body_parameters": {"extra": True}}
    more = {"connection": CONNECTION, "email": "extra@sdk.example", "password": PASSWORD}
    refused(lambda: users.create(request_options=extra, **more), 400, "invalid_body", "extra")


def password_login_is_right_or_wrong():
    email = "login@sdk.example"
    user = create(email, username="login-user")

    def attempt(username, password):
        return token.login(username, password, realm=CONNECTION, forwarded_for="203.0.113.7")

    answer = attempt(email, PASSWORD)
    equal((answer["token_type"], type(answer["access_token"])), ("Bearer", str))
    attempt("login-user", PASSWORD)
    after = users.get(user.user_id)
    equal(after.logins_count, 2)
    equal(after.last_ip, "203.0.113.7")
    assert user.created_at <= after.last_login <= after.updated_at
    wrong = r"^Wrong email or password\.$"
    turned_away(lambda: attempt(email, "wrong"), 403, "invalid_grant", wrong)
    turned_away(lambda: attempt("nobody@sdk.example", PASSWORD), 403, "invalid_grant", wrong)
    users.update(user.user_id, blocked=True)
    turned_away(lambda: attempt(email, PASSWORD), 401, "unauthorized", "user is blocked")


def too_many_wrong_passwords_block():
    email = "guessed@sdk.example"
    user = create(email)
    attempt = lambda password: token.login(email, password, realm=CONNECTION)
    for _ in range(10):
        turned_away(lambda: attempt("wrong"), 403, "invalid_grant")
    turned_away(lambda: attempt(PASSWORD), 429, "too_many_attempts")
    blocks = auth0.user_blocks.list(user.user_id).blocked_for
    equal([block.identifier for block in blocks], [email])
    auth0.user_blocks.delete(user.user_id)
    equal(auth0.user_blocks.list(user.user_id).blocked_for, [])
    assert "access_token" in attempt(PASSWORD)


def password_mail_tells_nothing():
    create("forgetful@sdk.example")
    mails = Database(DOMAIN, CLIENT_ID)
    known = mails.change_password("forgetful@sdk.example", CONNECTION)
    equal(mails.change_password("nobody@sdk.example", CONNECTION), known)
    matches(known, "sent you an email to reset your password")
    equal([mail["to"] for mail in control("GET", "mails") if mail["kind"] == "reset_email"],
          ["forgetful@sdk.example"])


def connections_are_listed():
    [found] = auth0.connections.list(strategy=["auth0"], name=CONNECTION)
    matches(found.id, "^con_")
    equal((found.name, found.strategy), (CONNECTION, "auth0"))
    equal(found.dict()["options"]["passwordPolicy"], "low")
    equal(auth0.connections.get(found.id).name, CONNECTION)
    equal(list(auth0.connections.list(name="nowhere")), [])


def organizations_are_kept():
    org = organizations.create(name="sdk-org", display_name="SDK").id
    matches(org, "^org_")
    equal(organizations.get(org).display_name, "SDK")
    equal(organizations.get_by_name("sdk-org").id, org)
    assert org in [organization.id for organization in organizations.list(take=10)]
    organizations.delete(org)
    missing = "^No organization found by that id or name$"
    refused(lambda: organizations.get(org), 404, None, missing)


def organization_of(name, size):
    """An organization with members: its id, and theirs in order."""
    org = organizations.create(name=name).id
    people = sorted(create(f"{n}@{name}.example").user_id for n in range(size))
    organizations.members.create(org, members=people)
    return org, people


def ids(people):
    return sorted(person.user_id for person in people)


def members_are_listed_and_removed():
    members = organizations.members
    org, people = organization_of("listed", 5)
    first = members.list(org, take=2)
    equal((len(first.items), type(first.response.next)), (2, str))
    equal(ids(first), people)
    # Some tenants say `next` on the last page too, and then an empty page follows.
    control("PATCH", "switches", {"members_next_quirk": True})
    equal(ids(members.list(org, take=2)), people)
    control("PATCH", "switches", {"members_next_quirk": False})
    # By offset, which the SDK has no parameters for any more.
    offset = {"additional_query_parameters": {"page": 1, "per_page": 3}}
    page = members.list(org, take=None, request_options=offset).response.dict()
    shown = page.pop("members")
    equal(page, {"start": 3, "limit": 3, "total": 5})
    equal([set(member) for member in shown], [{"email", "name", "picture", "user_id"}] * 2)

    equal(ids(users.list(q=f'organization_id:"{org}"').items), people)
    memberships = users.organizations.list(people[0])
    equal([organization.name for organization in memberships], ["listed"])
    members.delete(org, members=people[:4])
    equal(ids(members.list(org)), people[4:])
    try:
        members.create(org, members=[people[0]] * 11)
        raise AssertionError("eleven members were added at once")
    except ApiError as error:
        equal(error.status_code, 400)


def members_have_roles():
    roles = organizations.members.roles
    org, [holder, other] = organization_of("roles", 2)
    role = auth0.roles.create(name="sdk-role", description="A role").id
    roles.assign(org, holder, roles=[role])
    equal([role.name for role in roles.list(org, holder)], ["sdk-role"])
    found = organizations.members.list(org, fields="user_id,roles", include_fields=True)
    shown = {member.user_id: [role.name for role in member.roles] for member in found}
    equal(shown, {holder: ["sdk-role"], other: []})
    roles.delete(org, holder, roles=[role])
    equal(list(roles.list(org, holder)), [])
    auth0.roles.delete(role)
    refused(lambda: auth0.roles.get(role), 404, None, r"^The role does not exist\.$")


CHECKS = [
    one_token_for_many_calls,
    token_has_lifetime_and_scopes,
    scope_of_the_token_counts,
    wrong_secret_gets_no_token,
    user_has_defaults,
    user_is_updated_and_deleted,
    email_is_taken_once,
    by_email_minds_case,
    metadata_is_merged_at_the_first_level,
    search_finds_sorts_and_selects,
    pages_lead_to_the_end,
    nothing_is_behind_the_thousandth,
    management_retries_after_429,
    rate_limit_is_waited_out,
    login_tells_429_apart,
    weak_password_is_refused,
    body_is_checked,
    password_login_is_right_or_wrong,
    too_many_wrong_passwords_block,
    password_mail_tells_nothing,
    connections_are_listed,
    organizations_are_kept,
    members_are_listed_and_removed,
    members_have_roles,
]

for check in CHECKS:
    try:
        check()
    except Exception:
        print(f"FAILED  python  {check.__name__}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(1)
    print(f"ok      python  {check.__name__}", flush=True)
