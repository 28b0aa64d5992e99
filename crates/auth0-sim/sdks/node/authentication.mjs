// Tokens, retries and logins.
import assert from "node:assert/strict";
import { ManagementClient } from "auth0";
import { AuthenticationClient } from "auth0/legacy";
import {
    assertRejected,
    auth0,
    callsDuring,
    connection,
    control,
    createUser,
    credentials,
    domain,
    injectRateLimit,
    login,
    password,
    url,
    users,
} from "./support.mjs";

async function tokenIsReusedAcrossCalls() {
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

async function missingScopeIsRejected() {
    const request = { audience: `${url}/api/v2/`, scope: "read:connections" };
    const { data } = await login.oauth.clientCredentialsGrant(request);
    const reader = new ManagementClient({ domain, token: data.access_token });
    await reader.connections.list();
    const message = /^Insufficient scope, expected any of: read:users$/;
    await assertRejected(reader.users.list(), 403, "insufficient_scope", message);
    const change = reader.users.update("auth0|window-0001", { app_metadata: { a: 1 } });
    await assertRejected(change, 403, "insufficient_scope", /update:users/);
    const unauthorized = new ManagementClient({ domain, token: "no.such.token" });
    await assertRejected(unauthorized.users.list(), 401, undefined, /^Invalid token$/);
}

async function wrongSecretIsRejected() {
    const unauthorized = new ManagementClient({ ...credentials, clientSecret: "wrong" });
    await assert.rejects(unauthorized.users.list(), (error) => {
        assert.deepEqual([error.statusCode, error.body.error], [401, "invalid_client"]);
        return true;
    });
}

async function managementRetriesAfter429() {
    const route = "GET /api/v2/users/{id}";
    const { user_id: id } = await createUser("retry@sdk.example");
    await injectRateLimit(route, 2);
    const calls = await callsDuring(async () => {
        assert.equal((await users.get(id)).user_id, id);
    });
    assert.equal(calls[route], 3);
    await injectRateLimit(route, 1);
    await assertRejected(users.get(id, {}, { maxRetries: 0 }), 429, "too_many_requests");
}

async function clientWaitsForRateLimit() {
    const route = "GET /api/v2/users/{id}";
    const { user_id: id } = await createUser("patient@sdk.example");
    const rate_limit = { global_burst: 2, global_per_second: 2 };
    await control("PATCH", "switches", { rate_limit });
    const calls = await callsDuring(async () => {
        for (let n = 0; n < 5; n++) await users.get(id);
    });
    assert.ok(calls[route] > 5, `${calls[route]} calls for 5 responses`);
    const { rawResponse } = await users.get(id).withRawResponse();
    assert.equal(rawResponse.headers.get("x-ratelimit-limit"), "2");
    assert.match(rawResponse.headers.get("x-ratelimit-remaining"), /^[01]$/);
    assert.match(rawResponse.headers.get("x-ratelimit-reset"), /^\d{10}$/);
    await control("PATCH", "switches", { rate_limit: null });
}

async function loginRetriesAfter429() {
    const route = "POST /oauth/token password-realm";
    const email = "retry-login@sdk.example";
    await createUser(email);
    await injectRateLimit(route, 1);
    const calls = await callsDuring(() =>
        login.oauth.passwordGrant({ username: email, password, realm: connection }),
    );
    assert.equal(calls[route], 2);
}

async function passwordLoginSucceedsOrFails() {
    const email = "login@sdk.example";
    const { user_id: id } = await createUser(email, { username: "login-user" });
    const attempt = (username, password) =>
        login.oauth.passwordGrant(
            { username, password, realm: connection },
            { initOverrides: { headers: { "auth0-forwarded-for": "203.0.113.7" } } },
        );
    const outcome = (call) =>
        call.then(
            () => assert.fail("login succeeded"),
            (e) => [e.statusCode, e.error, e.error_description],
        );
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

async function repeatedWrongPasswordsBlockLogin() {
    const email = "guessed@sdk.example";
    const { user_id: id } = await createUser(email);
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

async function passwordMailHidesWhetherUserExists() {
    await createUser("forgetful@sdk.example");
    const mail = (email) => login.database.changePassword({ email, connection });
    const { data: known } = await mail("forgetful@sdk.example");
    assert.match(known, /sent you an email to reset your password/);
    assert.equal((await mail("nobody@sdk.example")).data, known);
    const mails = (await control("GET", "mails")).filter(({ kind }) => kind === "reset_email");
    assert.deepEqual(mails.map(({ to }) => to), ["forgetful@sdk.example"]);
}

export const checks = [
    tokenIsReusedAcrossCalls,
    tokenHasLifetimeAndScopes,
    missingScopeIsRejected,
    wrongSecretIsRejected,
    managementRetriesAfter429,
    clientWaitsForRateLimit,
    loginRetriesAfter429,
    passwordLoginSucceedsOrFails,
    repeatedWrongPasswordsBlockLogin,
    passwordMailHidesWhetherUserExists,
];
