// Drives the stand-in with `auth0` from npm, as an application would.
//
// Both clients build `https://${domain}/…` and look at nothing but slashes in the domain, so
// `host:port` is a domain to them. Version 7 has no client for the Authentication API of its own;
// `auth0/legacy`, which comes with it, has.
import assert from "node:assert/strict";
import { ManagementClient, ManagementError } from "auth0";
import { AuthenticationClient } from "auth0/legacy";

const url = process.env.SIM_URL;
const domain = new URL(url).host;
const credentials = {
    domain,
    clientId: process.env.SIM_CLIENT_ID,
    clientSecret: process.env.SIM_CLIENT_SECRET,
};
const connection = "Username-Password-Authentication";
const password = "correct horse battery";
const auth0 = new ManagementClient({ ...credentials });
const { users, organizations } = auth0;
const login = new AuthenticationClient({ ...credentials, retry: { enabled: true } });

// The control routes, which no SDK knows.
async function control(method, path, body) {
    const headers = { "content-type": "application/json" };
    const options = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(`${url}/__sim/${path}`, options);
    const text = await response.text();
    assert.ok(response.ok, `${method} /__sim/${path}: ${text}`);
    return text && JSON.parse(text);
}

const tooMany = (route, times) =>
    control("POST", "faults", { route, times, kind: "status", status: 429 });

/** How often each route was called while `action` ran. */
async function callsDuring(action) {
    await control("DELETE", "calls");
    await action();
    return control("GET", "calls");
}

/** The call must fail, with an error that the SDK has read status and code from. */
async function refused(call, status, code, message = /./) {
    await assert.rejects(call, (error) => {
        assert.ok(error instanceof ManagementError, `not an answer of the API: ${error.stack}`);
        const { statusCode, errorCode, message: text } = error.body;
        assert.deepEqual([error.statusCode, statusCode, errorCode], [status, status, code]);
        assert.match(text, message);
        return true;
    });
}

const create = (email, more) => users.create({ connection, email, password, ...more });

const everything = async (pager) => {
    const items = [];
    for await (const item of await pager) items.push(item);
    return items;
};

async function oneTokenForManyCalls() {
    const fresh = new ManagementClient({ ...credentials });
    const calls = await callsDuring(async () => {
        await Promise.all([fresh.users.list(), fresh.connections.list()]);
        await fresh.users.list();
    });
    assert.equal(calls["POST /oauth/token client_credentials"], 1);
    assert.equal(calls["GET /api/v2/users"], 2);
}

async function tokenHasLifetimeAndScopes() {
    const audience = `${url}/api/v2/`;
    const { data } = await login.oauth.clientCredentialsGrant({ audience });
    assert.equal(data.token_type, "Bearer");
    assert.equal(data.expires_in, 86400);
    assert.ok(data.scope.split(" ").includes("read:users"));
    assert.equal(data.refresh_token, undefined);
    const payload = JSON.parse(Buffer.from(data.access_token.split(".")[1], "base64url"));
    assert.equal(payload.iss, `${url}/`);
    assert.equal(payload.aud, audience);
    assert.equal(payload.sub, `${credentials.clientId}@clients`);
    assert.equal(payload.gty, "client-credentials");
}

async function scopeOfTheTokenCounts() {
    const asked = { audience: `${url}/api/v2/`, scope: "read:connections" };
    const { data } = await login.oauth.clientCredentialsGrant(asked);
    const reader = new ManagementClient({ domain, token: data.access_token });
    await reader.connections.list();
    const needed = /^Insufficient scope, expected any of: read:users$/;
    await refused(reader.users.list(), 403, "insufficient_scope", needed);
    const change = reader.users.update("auth0|window-0001", { app_metadata: { a: 1 } });
    await refused(change, 403, "insufficient_scope", /update:users/);
    const stranger = new ManagementClient({ domain, token: "no.such.token" });
    await refused(stranger.users.list(), 401, undefined, /^Invalid token$/);
}

async function wrongSecretGetsNoToken() {
    const stranger = new ManagementClient({ ...credentials, clientSecret: "wrong" });
    await assert.rejects(stranger.users.list(), (error) => {
        assert.deepEqual([error.statusCode, error.body.error], [401, "invalid_client"]);
        return true;
    });
}

async function userHasDefaults() {
    const user = await create("Ada.Lovelace@SDK.Example");
    assert.match(user.user_id, /^auth0\|[0-9a-f]{24}$/);
    assert.equal(user.email, "ada.lovelace@sdk.example");
    assert.equal(user.name, user.email);
    assert.equal(user.nickname, "ada.lovelace");
    assert.match(user.picture, /^https:\/\/s\.gravatar\.com\/avatar\//);
    assert.equal(user.email_verified, false);
    assert.match(user.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(user.updated_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const [, id] = user.user_id.split("|");
    assert.deepEqual(user.identities, [
        { connection, provider: "auth0", user_id: id, isSocial: false },
    ]);
    const present = Object.keys(user).sort();
    assert.deepEqual(
        present,
        ["created_at", "email", "email_verified", "identities", "name", "nickname", "picture"]
            .concat(["updated_at", "user_id"]),
    );
    assert.deepEqual(await users.get(user.user_id), user);
}

async function userIsUpdatedAndDeleted() {
    const { user_id: id, updated_at: before } = await create("grace@sdk.example", {
        user_id: "sdk-grace",
        username: "Grace",
        given_name: "Grace",
    });
    assert.equal(id, "auth0|sdk-grace");
    const updated = await users.update(id, { name: "Grace Hopper", given_name: null });
    assert.equal(updated.name, "Grace Hopper");
    assert.equal(updated.given_name ?? null, null);
    assert.equal(updated.username, "grace");
    assert.ok(updated.updated_at >= before);
    assert.deepEqual(await users.get(id), updated);
    await users.delete(id);
    await users.delete(id);
    const missing = /^The user does not exist\.$/;
    await refused(users.get(id), 404, "inexistent_user", missing);
    await refused(users.update(id, { name: "Nobody" }), 404, "inexistent_user", missing);
}

async function emailIsTakenOnce() {
    const { user_id: id } = await create("first@sdk.example");
    const exists = /^The user already exists\.$/;
    await refused(create("FIRST@sdk.example"), 409, "auth0_idp_error", exists);
    const other = await create("second@sdk.example");
    const change = users.update(other.user_id, { email: "first@sdk.example" });
    await refused(change, 400, "auth0_idp_error", /^The specified new email already exists/);
    await users.delete(id);
    await create("first@sdk.example");
}

async function byEmailMindsCase() {
    const user = await create("by-email@sdk.example");
    assert.deepEqual(await users.listUsersByEmail({ email: "by-email@sdk.example" }), [user]);
    assert.deepEqual(await users.listUsersByEmail({ email: "By-Email@sdk.example" }), []);
}

async function metadataIsMergedAtTheFirstLevel() {
    const { user_id: id } = await create("metadata@sdk.example", {
        app_metadata: { plan: { name: "free", seats: 1 }, kept: "yes" },
        user_metadata: { color: "red", size: 1 },
    });
    const merged = await users.update(id, {
        app_metadata: { plan: { name: "paid" } },
        user_metadata: { color: null, shape: "round" },
    });
    assert.deepEqual(merged.app_metadata, { plan: { name: "paid" }, kept: "yes" });
    assert.deepEqual(merged.user_metadata, { size: 1, shape: "round" });
    const cleared = await users.update(id, { app_metadata: {}, user_metadata: {} });
    assert.equal(cleared.app_metadata, undefined);
    assert.deepEqual(cleared.user_metadata, {});
}

async function searchFindsSortsAndSelects() {
    const team = "search";
    for (const [name, level] of [["Bob", 1], ["alice", 2], ["Carol", 3]]) {
        const app_metadata = { team, level, tags: [`tag-${level}`] };
        await create(`${name.toLowerCase()}@search.example`, { name, app_metadata });
    }
    const names = async (q, more) => {
        const page = await users.list({ q, sort: "email:1", search_engine: "v3", ...more });
        return page.data.map((user) => user.name);
    };
    assert.deepEqual(await names('app_metadata.team:"search"'), ["alice", "Bob", "Carol"]);
    const backwards = { sort: "email:-1" };
    assert.deepEqual(await names("app_metadata.team:search", backwards), ["Carol", "Bob", "alice"]);
    assert.deepEqual(await names('app_metadata.team:"Search"'), []);
    assert.deepEqual(await names('app_metadata.tags:"tag-2"'), ["alice"]);
    assert.deepEqual(await names('app_metadata.team:"search" AND name:ALI*'), ["alice"]);
    assert.deepEqual(await names("email:*@search.example AND NOT name:bob"), ["alice", "Carol"]);
    const some = "app_metadata.team:search AND (name:bob OR name:carol)";
    assert.deepEqual(await names(some), ["Bob", "Carol"]);
    const { created_at: since } = (await users.list({ q: "name:Carol" })).data[0];
    const fromCarol = await names(`app_metadata.team:search AND created_at:[${since} TO *]`);
    assert.equal(fromCarol.at(-1), "Carol");
    assert.deepEqual(await names(`app_metadata.team:search AND created_at:{${since} TO *]`), []);
    const fields = { q: "app_metadata.team:search", fields: "email,user_id" };
    for (const user of (await users.list({ ...fields, include_fields: true })).data) {
        assert.deepEqual(Object.keys(user).sort(), ["email", "user_id"]);
    }
    for (const user of (await users.list({ ...fields, include_fields: false })).data) {
        assert.deepEqual([user.email, user.user_id], [undefined, undefined]);
        assert.ok(user.nickname);
    }
    await refused(users.list({ q: "name:(bob" }), 400, "invalid_query_string");
    await refused(users.list({ sort: "app_metadata.level:1" }), 400, "invalid_query_string");
}

async function pagesLeadToTheEnd() {
    for (let n = 0; n < 12; n++) {
        await create(`page-${n}@sdk.example`, { app_metadata: { team: "paging" } });
    }
    const request = { q: 'app_metadata.team:"paging"', sort: "created_at:1", per_page: 5 };
    const { start, limit, length, total } = (await users.list({ ...request, page: 2 })).response;
    assert.deepEqual([start, limit, length, total], [10, 5, 2, 12]);
    const pager = await users.list({ ...request, include_totals: true });
    const sizes = [pager.data.length];
    while (pager.hasNextPage()) sizes.push((await pager.getNextPage()).data.length);
    assert.deepEqual(sizes, [5, 5, 2]);
    const found = await everything(users.list(request));
    assert.equal(new Set(found.map((user) => user.user_id)).size, 12);
}

async function nothingIsBehindTheThousandth() {
    const request = { q: 'app_metadata.batch:"window"', per_page: 100 };
    const last = await users.list({ ...request, page: 9 });
    assert.deepEqual([last.data.length, last.response.total], [100, 1000]);
    const wall = /^You can only page through the first 1000 records/;
    await refused(users.list({ ...request, page: 10 }), 400, "invalid_paging", wall);
    // The SDK's own pager does not know of it.
    await refused(everything(users.list(request)), 400, "invalid_paging", wall);
}

async function managementRetriesAfter429() {
    const route = "GET /api/v2/users/{id}";
    const { user_id: id } = await create("retry@sdk.example");
    await tooMany(route, 2);
    const calls = await callsDuring(async () => {
        assert.equal((await users.get(id)).user_id, id);
    });
    assert.equal(calls[route], 3);
    await tooMany(route, 1);
    await refused(users.get(id, {}, { maxRetries: 0 }), 429, "too_many_requests");
}

async function rateLimitIsWaitedOut() {
    const route = "GET /api/v2/users/{id}";
    const { user_id: id } = await create("patient@sdk.example");
    const rate_limit = { global_burst: 2, global_per_second: 2 };
    await control("PATCH", "switches", { rate_limit });
    const calls = await callsDuring(async () => {
        for (let n = 0; n < 5; n++) await users.get(id);
    });
    assert.ok(calls[route] > 5, `${calls[route]} calls for 5 answers`);
    const { rawResponse } = await users.get(id).withRawResponse();
    assert.equal(rawResponse.headers.get("x-ratelimit-limit"), "2");
    assert.match(rawResponse.headers.get("x-ratelimit-remaining"), /^[01]$/);
    assert.match(rawResponse.headers.get("x-ratelimit-reset"), /^\d{10}$/);
    await control("PATCH", "switches", { rate_limit: null });
}

async function loginRetriesAfter429() {
    const route = "POST /oauth/token password-realm";
    const email = "retry-login@sdk.example";
    await create(email);
    await tooMany(route, 1);
    const calls = await callsDuring(() =>
        login.oauth.passwordGrant({ username: email, password, realm: connection }),
    );
    assert.equal(calls[route], 2);
}

async function weakPasswordIsRefused() {
    const weak = /^PasswordStrengthError: Password is too weak$/;
    const created = create("weak@sdk.example", { password: "abc" });
    await refused(created, 400, undefined, weak);
    const { user_id: id } = await create("strong@sdk.example");
    await refused(users.update(id, { connection, password: "abc" }), 400, undefined, weak);
    assert.equal((await users.get(id)).last_password_reset, undefined);
    const changed = await users.update(id, { connection, password: "another battery" });
    assert.ok(changed.last_password_reset);
}

async function bodyIsChecked() {
    await refused(create("no-email"), 400, "invalid_body", /^Payload validation error: /);
    const elsewhere = create("elsewhere@sdk.example", { connection: "nowhere" });
    await refused(elsewhere, 400, "inexistent_connection");
    await refused(create("extra@sdk.example", { extra: true }), 400, "invalid_body", /extra/);
}

async function passwordLoginIsRightOrWrong() {
    const email = "login@sdk.example";
    const { user_id: id } = await create(email, { username: "login-user" });
    const attempt = (username, password) =>
        login.oauth.passwordGrant(
            { username, password, realm: connection },
            { initOverrides: { headers: { "auth0-forwarded-for": "203.0.113.7" } } },
        );
    const outcome = (call) =>
        call.then(() => assert.fail("let in"), (e) => [e.statusCode, e.error, e.error_description]);
    const { data } = await attempt(email, password);
    assert.deepEqual([data.token_type, typeof data.access_token], ["Bearer", "string"]);
    await attempt("login-user", password);
    const user = await users.get(id);
    assert.equal(user.logins_count, 2);
    assert.equal(user.last_ip, "203.0.113.7");
    assert.ok(user.last_login >= user.created_at && user.last_login <= user.updated_at);
    const wrong = [403, "invalid_grant", "Wrong email or password."];
    assert.deepEqual(await outcome(attempt(email, "wrong")), wrong);
    assert.deepEqual(await outcome(attempt("nobody@sdk.example", password)), wrong);
    await users.update(id, { blocked: true });
    const [status, error, description] = await outcome(attempt(email, password));
    assert.deepEqual([status, error], [401, "unauthorized"]);
    assert.match(description, /user is blocked/);
}

async function tooManyWrongPasswordsBlock() {
    const email = "guessed@sdk.example";
    const { user_id: id } = await create(email);
    const { oauth } = new AuthenticationClient({ ...credentials });
    const attempt = (password) =>
        oauth.passwordGrant({ username: email, password, realm: connection });
    for (let n = 0; n < 10; n++) await assert.rejects(attempt("wrong"), { statusCode: 403 });
    await assert.rejects(attempt(password), { statusCode: 429, error: "too_many_attempts" });
    const { blocked_for: blocks } = await auth0.userBlocks.list(id);
    assert.deepEqual(blocks.map(({ identifier }) => identifier), [email]);
    await auth0.userBlocks.delete(id);
    assert.deepEqual((await auth0.userBlocks.list(id)).blocked_for, []);
    await attempt(password);
}

async function passwordMailTellsNothing() {
    await create("forgetful@sdk.example");
    const mail = (email) => login.database.changePassword({ email, connection });
    const { data: known } = await mail("forgetful@sdk.example");
    assert.match(known, /sent you an email to reset your password/);
    assert.equal((await mail("nobody@sdk.example")).data, known);
    const mails = (await control("GET", "mails")).filter(({ kind }) => kind === "reset_email");
    assert.deepEqual(mails.map(({ to }) => to), ["forgetful@sdk.example"]);
}

async function connectionsAreListed() {
    const request = { strategy: ["auth0"], name: connection };
    const found = await everything(auth0.connections.list(request));
    assert.equal(found.length, 1);
    const [{ id, name, strategy, options }] = found;
    assert.match(id, /^con_/);
    assert.deepEqual([name, strategy], [connection, "auth0"]);
    assert.equal(options.passwordPolicy, "low");
    assert.equal((await auth0.connections.get(id)).name, connection);
    assert.deepEqual(await everything(auth0.connections.list({ name: "nowhere" })), []);
}

async function organizationsAreKept() {
    const { id } = await organizations.create({ name: "sdk-org", display_name: "SDK" });
    assert.match(id, /^org_/);
    assert.equal((await organizations.get(id)).display_name, "SDK");
    assert.equal((await organizations.getByName("sdk-org")).id, id);
    const listed = await everything(organizations.list({ take: 10 }));
    assert.ok(listed.some((organization) => organization.id === id));
    await organizations.delete(id);
    const missing = /^No organization found by that id or name$/;
    await refused(organizations.get(id), 404, undefined, missing);
}

/** An organization with members: its id, and theirs in order. */
async function organizationOf(name, size) {
    const { id } = await organizations.create({ name });
    const people = [];
    for (let n = 0; n < size; n++) people.push((await create(`${n}@${name}.example`)).user_id);
    await organizations.members.create(id, { members: people });
    return [id, people.sort()];
}

const ids = (people) => people.map((person) => person.user_id).sort();

async function membersAreListedAndRemoved() {
    const { members } = organizations;
    const [id, people] = await organizationOf("listed", 5);
    const pager = await members.list(id, { take: 2 });
    assert.equal(pager.data.length, 2);
    assert.equal(typeof pager.response.next, "string");
    assert.deepEqual(ids(await everything(pager)), people);
    // Some tenants say `next` on the last page too, and then an empty page follows.
    await control("PATCH", "switches", { members_next_quirk: true });
    assert.deepEqual(ids(await everything(members.list(id, { take: 2 }))), people);
    await control("PATCH", "switches", { members_next_quirk: false });
    // By offset, which the SDK has no parameters for any more.
    const offset = { queryParams: { page: 1, per_page: 3 } };
    const { members: shown, ...page } = (await members.list(id, { take: null }, offset)).response;
    assert.deepEqual(page, { start: 3, limit: 3, total: 5 });
    assert.equal(shown.length, 2);
    assert.deepEqual(Object.keys(shown[0]).sort(), ["email", "name", "picture", "user_id"]);

    assert.deepEqual(ids((await users.list({ q: `organization_id:"${id}"` })).data), people);
    const memberships = await everything(users.organizations.list(people[0]));
    assert.deepEqual(memberships.map(({ name }) => name), ["listed"]);
    await members.delete(id, { members: people.slice(0, 4) });
    assert.deepEqual(ids(await everything(members.list(id))), people.slice(4));
    const eleven = members.create(id, { members: Array(11).fill(people[0]) });
    await assert.rejects(eleven, { statusCode: 400 });
}

async function membersHaveRoles() {
    const { roles } = organizations.members;
    const [id, [holder]] = await organizationOf("roles", 2);
    const role = await auth0.roles.create({ name: "sdk-role", description: "A role" });
    await roles.assign(id, holder, { roles: [role.id] });
    const held = await everything(roles.list(id, holder));
    assert.deepEqual(held.map(({ name }) => name), ["sdk-role"]);
    const fields = { fields: "user_id,roles", include_fields: true };
    const shown = await everything(organizations.members.list(id, fields));
    const [first, second] = shown.sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
    assert.deepEqual(first.roles.map(({ name }) => name), ["sdk-role"]);
    assert.deepEqual(second.roles, []);
    await roles.delete(id, holder, { roles: [role.id] });
    assert.deepEqual(await everything(roles.list(id, holder)), []);
    await auth0.roles.delete(role.id);
    await refused(auth0.roles.get(role.id), 404, undefined, /^The role does not exist\.$/);
}

const checks = [
    oneTokenForManyCalls,
    tokenHasLifetimeAndScopes,
    scopeOfTheTokenCounts,
    wrongSecretGetsNoToken,
    userHasDefaults,
    userIsUpdatedAndDeleted,
    emailIsTakenOnce,
    byEmailMindsCase,
    metadataIsMergedAtTheFirstLevel,
    searchFindsSortsAndSelects,
    pagesLeadToTheEnd,
    nothingIsBehindTheThousandth,
    managementRetriesAfter429,
    rateLimitIsWaitedOut,
    loginRetriesAfter429,
    weakPasswordIsRefused,
    bodyIsChecked,
    passwordLoginIsRightOrWrong,
    tooManyWrongPasswordsBlock,
    passwordMailTellsNothing,
    connectionsAreListed,
    organizationsAreKept,
    membersAreListedAndRemoved,
    membersHaveRoles,
];

for (const check of checks) {
    try {
        await check();
    } catch (error) {
        console.error(`FAILED  node    ${check.name}\n`, error);
        process.exit(1);
    }
    console.log(`ok      node    ${check.name}`);
}
