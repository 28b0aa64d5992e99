"""Users, searches and pages."""

from support import (
    CONNECTION,
    ONCE,
    PASSWORD,
    assert_equal,
    assert_matches,
    assert_rejected,
    create_user,
    users,
)


def user_has_defaults():
    user = create_user("Ada.Lovelace@SDK.Example")
    assert_matches(user.user_id, r"^auth0\|[0-9a-f]{24}$")
    assert_equal(user.email, "ada.lovelace@sdk.example")
    assert_equal(user.name, user.email)
    assert_equal(user.nickname, "ada.lovelace")
    assert_matches(user.picture, r"^https://s\.gravatar\.com/avatar/")
    assert_equal(user.email_verified, False)
    assert_equal(user.created_at.utcoffset().total_seconds(), 0)
    identity = {"connection": CONNECTION, "provider": "auth0", "isSocial": False}
    assert_equal(user.dict()["identities"], [{**identity, "user_id": user.user_id.split("|")[1]}])
    present = {"created_at", "email", "email_verified", "identities", "name", "nickname"}
    assert_equal(set(user.dict()), present | {"picture", "updated_at", "user_id"})
    assert_equal(users.get(user.user_id).dict(), user.dict())


def user_is_updated_and_deleted():
    overrides = {"user_id": "sdk-grace", "username": "Grace", "given_name": "Grace"}
    user = create_user("grace@sdk.example", **overrides)
    assert_equal(user.user_id, "auth0|sdk-grace")
    updated = users.update(user.user_id, name="Grace Hopper", given_name=None)
    names = (updated.name, updated.given_name, updated.username)
    assert_equal(names, ("Grace Hopper", None, "grace"))
    assert updated.updated_at >= user.updated_at
    assert_equal(users.get(user.user_id).dict(), updated.dict())
    users.delete(user.user_id)
    users.delete(user.user_id)
    missing = r"^The user does not exist\.$"
    assert_rejected(lambda: users.get(user.user_id), 404, "inexistent_user", missing)
    rename = lambda: users.update(user.user_id, name="Nobody")
    assert_rejected(rename, 404, "inexistent_user", missing)


def duplicate_email_is_rejected():
    first = create_user("first@sdk.example")
    exists = r"^The user already exists\.$"
    assert_rejected(lambda: create_user("FIRST@sdk.example"), 409, "auth0_idp_error", exists)
    second = create_user("second@sdk.example")
    change = lambda: users.update(second.user_id, email="first@sdk.example")
    assert_rejected(change, 400, "auth0_idp_error", "^The specified new email already exists")
    users.delete(first.user_id)
    create_user("first@sdk.example")


def email_lookup_is_case_sensitive():
    user = create_user("by-email@sdk.example")
    [found] = users.list_users_by_email(email="by-email@sdk.example")
    assert_equal(found.dict(), user.dict())
    assert_equal(users.list_users_by_email(email="By-Email@sdk.example"), [])


def metadata_merges_at_first_level():
    user = create_user(
        "metadata@sdk.example",
        app_metadata={"plan": {"name": "free", "seats": 1}, "kept": "yes"},
        user_metadata={"color": "red", "size": 1},
    )
    merged = users.update(
        user.user_id,
        app_metadata={"plan": {"name": "paid"}},
        user_metadata={"color": None, "shape": "round"},
    )
    assert_equal(merged.app_metadata, {"plan": {"name": "paid"}, "kept": "yes"})
    assert_equal(merged.user_metadata, {"size": 1, "shape": "round"})
    cleared = users.update(user.user_id, app_metadata={}, user_metadata={})
    assert_equal((cleared.app_metadata, cleared.user_metadata), (None, {}))


def weak_password_is_rejected():
    weak = "^PasswordStrengthError: Password is too weak$"
    assert_rejected(lambda: create_user("weak@sdk.example", password="abc"), 400, None, weak)
    user = create_user("strong@sdk.example")

    def change(password):
        return users.update(user.user_id, connection=CONNECTION, password=password)

    assert_rejected(lambda: change("abc"), 400, None, weak)
    assert_equal(users.get(user.user_id).last_password_reset, None)
    assert change("another battery").last_password_reset


def invalid_body_is_rejected():
    message = "^Payload validation error: "
    assert_rejected(lambda: create_user("no-email"), 400, "invalid_body", message)
    elsewhere = lambda: create_user("elsewhere@sdk.example", connection="nowhere")
    assert_rejected(elsewhere, 400, "inexistent_connection")
    extra = {**ONCE, "additional_body_parameters": {"extra": True}}
    overrides = {"connection": CONNECTION, "email": "extra@sdk.example", "password": PASSWORD}
    create = lambda: users.create(request_options=extra, **overrides)
    assert_rejected(create, 400, "invalid_body", "extra")


def search_filters_sorts_and_selects_fields():
    for name, level in ("Bob", 1), ("alice", 2), ("Carol", 3):
        metadata = {"team": "search", "level": level, "tags": [f"tag-{level}"]}
        create_user(f"{name.lower()}@search.example", name=name, app_metadata=metadata)

    def names(q, sort="email:1"):
        return [user.name for user in users.list(q=q, sort=sort, search_engine="v3").items]

    team = "app_metadata.team:search"
    assert_equal(names('app_metadata.team:"search"'), ["alice", "Bob", "Carol"])
    assert_equal(names(team, sort="email:-1"), ["Carol", "Bob", "alice"])
    assert_equal(names('app_metadata.team:"Search"'), [])
    assert_equal(names('app_metadata.tags:"tag-2"'), ["alice"])
    assert_equal(names(f"{team} AND name:ALI*"), ["alice"])
    assert_equal(names("email:*@search.example AND NOT name:bob"), ["alice", "Carol"])
    assert_equal(names(f"{team} AND (name:bob OR name:carol)"), ["Bob", "Carol"])
    [carol] = users.list(q="name:Carol").items
    since = carol.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert_equal(names(f"{team} AND created_at:[{since} TO *]")[-1], "Carol")
    assert_equal(names(f"{team} AND created_at:{{{since} TO *]"), [])
    for user in users.list(q=team, fields="email,user_id", include_fields=True):
        assert_equal(set(user.dict()), {"email", "user_id"})
    for user in users.list(q=team, fields="email,user_id", include_fields=False):
        assert "nickname" in user.dict() and not {"email", "user_id"} & set(user.dict())
    assert_rejected(lambda: users.list(q="name:(bob"), 400, "invalid_query_string")
    assert_rejected(lambda: users.list(sort="app_metadata.level:1"), 400, "invalid_query_string")


def pager_reaches_last_page():
    for n in range(12):
        create_user(f"page-{n}@sdk.example", app_metadata={"team": "paging"})
    request = {"q": 'app_metadata.team:"paging"', "sort": "created_at:1", "per_page": 5}
    page = users.list(page=2, **request).response
    assert_equal((page.start, page.limit, page.length, page.total), (10, 5, 2, 12))
    # The SDK's own pager continues until a page is empty.
    pages = users.list(include_totals=True, **request).iter_pages()
    assert_equal([len(page.items) for page in pages], [5, 5, 2])
    assert_equal(len({user.user_id for user in users.list(**request)}), 12)


def page_past_thousandth_is_rejected():
    request = {"q": 'app_metadata.batch:"window"', "per_page": 100}
    last = users.list(page=9, **request)
    assert_equal((len(last.items), last.response.total), (100, 1000))
    message = "^You can only page through the first 1000 records"
    assert_rejected(lambda: users.list(page=10, **request), 400, "invalid_paging", message)
    # The SDK's own pager does not know this limit.
    assert_rejected(lambda: list(users.list(**request)), 400, "invalid_paging", message)


CHECKS = [
    user_has_defaults,
    user_is_updated_and_deleted,
    duplicate_email_is_rejected,
    email_lookup_is_case_sensitive,
    metadata_merges_at_first_level,
    weak_password_is_rejected,
    invalid_body_is_rejected,
    search_filters_sorts_and_selects_fields,
    pager_reaches_last_page,
    page_past_thousandth_is_rejected,
]
