// A gateway in front of Auth0 with Express and Auth0's own packages, which `make bench` compares with
// Usher.
//
// `GET /api/v1/users/{id}` and `GET /api/v1/users?filter[tenant]=…` do what Usher's do: verify the
// token, take the tenant from it, read from the Management API, and show only users of the tenant.
import { ManagementClient, ManagementError } from "auth0";
import express from "express";
import { auth, claimIncludes } from "express-oauth2-jwt-bearer";

const domain = process.env.AUTH0_DOMAIN;
const issuer = process.env.ISSUER_URL;
const audience = process.env.AUDIENCE;
const tenantClaim = process.env.TENANT_CLAIM;
const publicUrl = process.env.PUBLIC_URL;
const roles = ["owner", "admin", "viewer", "member"];

// Both fetch once and cache: the client its token, the middleware the key set.
const management = new ManagementClient({
    domain,
    clientId: process.env.AUTH0_CLIENT_ID,
    clientSecret: process.env.AUTH0_CLIENT_SECRET,
});
const app = express();
app.disable("x-powered-by");
app.set("query parser", "simple");
app.use(
    auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: "RS256" }),
    claimIncludes("permissions", "VIEW_USERS_AND_GROUPS"),
);

/** Whether the account is attached to the tenant. */
const hasRole = (user, tenant) => roles.includes(user.app_metadata?.[`usher_tenant_${tenant}`]?.role);

/** The user as the tenant sees it. */
function view(user, tenant) {
    const home = user.app_metadata?.usher;
    const managedHere = home?.home === tenant;
    return {
        createdAt: user.created_at,
        email: user.email,
        firstName: user.given_name ?? "",
        id: user.user_id,
        lastLogin: user.last_login ?? null,
        lastName: user.family_name ?? "",
        managedHere,
        serviceUser: home?.service_user ?? false,
        status: managedHere ? "active" : "pending",
        tenantName: tenant,
        updatedAt: user.updated_at ?? null,
        username: user.username ?? user.email,
    };
}

app.get("/api/v1/users/:id", async (request, response) => {
    const tenant = request.auth.payload[tenantClaim];
    const user = await management.users.get(request.params.id);
    if (!hasRole(user, tenant)) return response.status(404).json({ code: "user_not_found" });
    response.json(view(user, tenant));
});

app.get("/api/v1/users", async (request, response) => {
    const tenant = request.auth.payload[tenantClaim];
    if (request.query["filter[tenant]"] !== tenant) {
        return response.status(403).json({ code: "tenant_forbidden" });
    }
    const number = Number(request.query["page[number]"] ?? 0);
    const size = Number(request.query["page[size]"] ?? 50);
    const page = await management.users.list({
        q: `app_metadata.usher_tenant_${tenant}.role:(${roles.map((role) => `"${role}"`).join(" OR ")})`,
        search_engine: "v3",
        sort: "user_id:1",
        page: number,
        per_page: size,
        include_totals: true,
    });
    const total = page.response.total;
    const last = Math.max(0, Math.ceil(total / size) - 1);
    const link = (to) => ({
        href: `${publicUrl}/api/v1/users?filter%5Btenant%5D=${tenant}&page%5Bnumber%5D=${to}&page%5Bsize%5D=${size}`,
    });
    const links = {
        first: link(0),
        last: { ...link(last), meta: { totalPages: last + 1, totalUsers: total } },
    };
    if (number < last) links.next = link(number + 1);
    if (number > 0) links.prev = link(Math.min(number - 1, last));
    const data = page.data.filter((user) => hasRole(user, tenant)).map((user) => view(user, tenant));
    response.json({ data, links });
});

app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    const upstream = error instanceof ManagementError;
    const status = upstream ? (error.statusCode === 404 ? 404 : 502) : (error.status ?? 500);
    response.status(status).json({ code: upstream ? "directory_error" : "error" });
});

const server = app.listen(Number(process.env.PORT), "127.0.0.1", (error) => {
    if (error) throw error;
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
