"""Lists, creates and pages with the client of openapi-python-client: main.py URL TOKEN"""

import sys

from usher_client import AuthenticatedClient
from usher_client.api.roles import list_tenant_roles
from usher_client.api.tenant_users import create_tenant_user, list_tenant_users
from usher_client.api.user import get_user_v0, list_users_v0
from usher_client.models import CreateTenantUser, ErrorCode, ErrorResponse, Problem, Sort
from usher_client.types import Unset

url, token = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)


def pages(tenant):
    users, page = [], 0
    while True:
        response = list_users_v0.sync(
            client=client,
            filtertenant=tenant,
            pagenumber=page,
            pagesize=2,
            sort=Sort.CREATED_AT_DESCENDING,
        )
        users += response.data
        if isinstance(response.links.next_, Unset):
            return users
        page += 1


before = list_tenant_users.sync("acme", client=client)
assert any(user.tenant_role == "owner" for user in before)
role = [role for role in list_tenant_roles.sync("acme", client=client) if role.grantable][0]

body = CreateTenantUser(email="python@acme.example", role=role.name, name=None)
created = create_tenant_user.sync("acme", client=client, body=body)
assert created.email == "python@acme.example" and created.tenant_role == role.name
again = create_tenant_user.sync("acme", client=client, body=body)
assert isinstance(again, Problem) and again.code == ErrorCode.ALREADY_ATTACHED

ids = {user.id for user in pages("acme")}
assert len(ids) == len(before) + 1 and created.id in ids

missing = get_user_v0.sync("auth0|nobody", client=client)
assert isinstance(missing, ErrorResponse)
assert missing.errors[0].code == ErrorCode.USER_NOT_FOUND
