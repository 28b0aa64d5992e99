"""Connections, organizations, members and roles."""

from auth0.management.core.api_error import ApiError
from support import (
    CONNECTION,
    assert_equal,
    assert_matches,
    assert_rejected,
    auth0,
    control,
    create_user,
    organizations,
    users,
)


def connections_are_listed():
    [found] = auth0.connections.list(strategy=["auth0"], name=CONNECTION)
    assert_matches(found.id, "^con_")
    assert_equal((found.name, found.strategy), (CONNECTION, "auth0"))
    assert_equal(found.dict()["options"]["passwordPolicy"], "low")
    assert_equal(auth0.connections.get(found.id).name, CONNECTION)
    assert_equal(list(auth0.connections.list(name="nowhere")), [])


def organizations_are_created_and_deleted():
    org = organizations.create(name="sdk-org", display_name="SDK").id
    assert_matches(org, "^org_")
    assert_equal(organizations.get(org).display_name, "SDK")
    assert_equal(organizations.get_by_name("sdk-org").id, org)
    assert org in [organization.id for organization in organizations.list(take=10)]
    organizations.delete(org)
    missing = "^No organization found by that id or name$"
    assert_rejected(lambda: organizations.get(org), 404, None, missing)


def create_organization(name, size):
    """Creates an organization with members. Returns its id and their sorted ids."""
    org = organizations.create(name=name).id
    user_ids = sorted(create_user(f"{n}@{name}.example").user_id for n in range(size))
    organizations.members.create(org, members=user_ids)
    return org, user_ids


def ids(items):
    return sorted(item.user_id for item in items)


def members_are_listed_and_removed():
    members = organizations.members
    org, user_ids = create_organization("listed", 5)
    first = members.list(org, take=2)
    assert_equal((len(first.items), type(first.response.next)), (2, str))
    assert_equal(ids(first), user_ids)
    # Some tenants return `next` on the last page too; an empty page follows.
    control("PATCH", "switches", {"members_next_quirk": True})
    assert_equal(ids(members.list(org, take=2)), user_ids)
    control("PATCH", "switches", {"members_next_quirk": False})
    # By offset, for which the SDK has no parameters.
    offset = {"additional_query_parameters": {"page": 1, "per_page": 3}}
    page = members.list(org, take=None, request_options=offset).response.dict()
    listed = page.pop("members")
    assert_equal(page, {"start": 3, "limit": 3, "total": 5})
    assert_equal([set(member) for member in listed], [{"email", "name", "picture", "user_id"}] * 2)

    assert_equal(ids(users.list(q=f'organization_id:"{org}"').items), user_ids)
    memberships = users.organizations.list(user_ids[0])
    assert_equal([organization.name for organization in memberships], ["listed"])
    members.delete(org, members=user_ids[:4])
    assert_equal(ids(members.list(org)), user_ids[4:])
    try:
        members.create(org, members=[user_ids[0]] * 11)
        raise AssertionError("eleven members were accepted in one request")
    except ApiError as error:
        assert_equal(error.status_code, 400)


def members_have_roles():
    roles = organizations.members.roles
    org, [member_id, other] = create_organization("roles", 2)
    role = auth0.roles.create(name="sdk-role", description="A role").id
    roles.assign(org, member_id, roles=[role])
    assert_equal([role.name for role in roles.list(org, member_id)], ["sdk-role"])
    found = organizations.members.list(org, fields="user_id,roles", include_fields=True)
    listed = {member.user_id: [role.name for role in member.roles] for member in found}
    assert_equal(listed, {member_id: ["sdk-role"], other: []})
    roles.delete(org, member_id, roles=[role])
    assert_equal(list(roles.list(org, member_id)), [])
    auth0.roles.delete(role)
    assert_rejected(lambda: auth0.roles.get(role), 404, None, r"^The role does not exist\.$")


CHECKS = [
    connections_are_listed,
    organizations_are_created_and_deleted,
    members_are_listed_and_removed,
    members_have_roles,
]
