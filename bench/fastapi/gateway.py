"""A gateway in front of Auth0 with FastAPI and auth0-python, which `make bench` compares with Usher.

`GET /api/v1/users/{id}` and `GET /api/v1/users?filter[tenant]=…` do what Usher's do: verify the token,
take the tenant from it, read from the Management API, and show only users of the tenant.
"""

import os
from datetime import datetime
from typing import Annotated

import jwt
from auth0.management import AsyncManagementClient
from auth0.management.core.api_error import ApiError
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

DOMAIN = os.environ["AUTH0_DOMAIN"]
ISSUER = os.environ["ISSUER_URL"]
AUDIENCE = os.environ["AUDIENCE"]
TENANT_CLAIM = os.environ["TENANT_CLAIM"]
PUBLIC_URL = os.environ["PUBLIC_URL"]
ROLES = ("owner", "admin", "viewer", "member")

# Both fetch once and cache: the client its token, the key client the key set.
management = AsyncManagementClient(
    domain=DOMAIN,
    client_id=os.environ["AUTH0_CLIENT_ID"],
    client_secret=os.environ["AUTH0_CLIENT_SECRET"],
)
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", cache_keys=True)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
bearer = HTTPBearer()


async def tenant(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """Verifies the token and returns its tenant."""
    try:
        key = keys.get_signing_key_from_jwt(credentials.credentials)
        claims = jwt.decode(
            credentials.credentials,
            key,
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=f"{ISSUER}/",
        )
    except jwt.PyJWTError as error:
        raise HTTPException(401, "invalid_token") from error
    if "VIEW_USERS_AND_GROUPS" not in claims.get("permissions", []):
        raise HTTPException(403, "insufficient_permission")
    return claims[TENANT_CLAIM]


Tenant = Annotated[str, Depends(tenant)]


def has_role(user, tenant):
    """Whether the account is attached to the tenant."""
    return (user.app_metadata or {}).get(f"usher_tenant_{tenant}", {}).get("role") in ROLES


def instant(value):
    """A time as Usher writes it; the package parses some of them."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def view(user, tenant):
    """The user as the tenant sees it."""
    home = (user.app_metadata or {}).get("usher", {})
    managed_here = home.get("home") == tenant
    return {
        "createdAt": instant(user.created_at),
        "email": user.email,
        "firstName": user.given_name or "",
        "id": user.user_id,
        "lastLogin": instant(user.last_login),
        "lastName": user.family_name or "",
        "managedHere": managed_here,
        "serviceUser": home.get("service_user", False),
        "status": "active" if managed_here else "pending",
        "tenantName": tenant,
        "updatedAt": instant(user.updated_at),
        "username": user.username or user.email,
    }


@app.get("/api/v1/users/{user_id}")
async def get_user(user_id: str, tenant: Tenant):
    try:
        user = await management.users.get(user_id)
    except ApiError as error:
        raise HTTPException(404 if error.status_code == 404 else 502) from error
    if not has_role(user, tenant):
        raise HTTPException(404, "user_not_found")
    return view(user, tenant)


@app.get("/api/v1/users")
async def list_users(
    tenant: Tenant,
    wanted: Annotated[str, Query(alias="filter[tenant]")],
    number: Annotated[int, Query(alias="page[number]", ge=0)] = 0,
    size: Annotated[int, Query(alias="page[size]", ge=1, le=100)] = 50,
):
    if wanted != tenant:
        raise HTTPException(403, "tenant_forbidden")
    roles = " OR ".join(f'"{role}"' for role in ROLES)
    try:
        page = await management.users.list(
            q=f"app_metadata.usher_tenant_{tenant}.role:({roles})",
            search_engine="v3",
            sort="user_id:1",
            page=number,
            per_page=size,
            include_totals=True,
        )
    except ApiError as error:
        raise HTTPException(502) from error
    last = max(0, -(-int(page.response.total) // size) - 1)

    def link(to):
        query = f"filter%5Btenant%5D={tenant}&page%5Bnumber%5D={to}&page%5Bsize%5D={size}"
        return {"href": f"{PUBLIC_URL}/api/v1/users?{query}"}

    totals = {"totalPages": last + 1, "totalUsers": int(page.response.total)}
    links = {"first": link(0), "last": {**link(last), "meta": totals}}
    if number < last:
        links["next"] = link(number + 1)
    if number > 0:
        links["prev"] = link(min(number - 1, last))
    return {"data": [view(user, tenant) for user in page.items if has_role(user, tenant)], "links": links}
