// Clients of the stand-in and assertions.
//
// Both clients build `https://${domain}/…` and reject only slashes in the domain, so `host:port` is
// accepted. Version 7 has no client for the Authentication API; `auth0/legacy`, which is part of the
// package, has one.
import assert from "node:assert/strict";
import { ManagementClient, ManagementError } from "auth0";
import { AuthenticationClient } from "auth0/legacy";

export const url = process.env.SIM_URL;
export const domain = new URL(url).host;
export const credentials = {
    domain,
    clientId: process.env.SIM_CLIENT_ID,
    clientSecret: process.env.SIM_CLIENT_SECRET,
};
export const connection = "Username-Password-Authentication";
export const password = "correct horse battery";
export const auth0 = new ManagementClient({ ...credentials });
export const { users, organizations } = auth0;
export const login = new AuthenticationClient({ ...credentials, retry: { enabled: true } });

/** Calls a control route of the stand-in. */
export async function control(method, path, body) {
    const headers = { "content-type": "application/json" };
    const options = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(`${url}/__sim/${path}`, options);
    const text = await response.text();
    assert.ok(response.ok, `${method} /__sim/${path}: ${text}`);
    return text && JSON.parse(text);
}

export const injectRateLimit = (route, times) =>
    control("POST", "faults", { route, times, kind: "status", status: 429 });

/** Returns the number of calls of each route while `action` ran. */
export async function callsDuring(action) {
    await control("DELETE", "calls");
    await action();
    return control("GET", "calls");
}

/** Asserts that the call fails with this status and code, as parsed by the SDK. */
export async function assertRejected(call, status, code, message = /./) {
    await assert.rejects(call, (error) => {
        assert.ok(error instanceof ManagementError, `not a response of the API: ${error.stack}`);
        const { statusCode, errorCode, message: text } = error.body;
        assert.deepEqual([error.statusCode, statusCode, errorCode], [status, status, code]);
        assert.match(text, message);
        return true;
    });
}

export const createUser = (email, overrides) =>
    users.create({ connection, email, password, ...overrides });

export const collect = async (pager) => {
    const items = [];
    for await (const item of await pager) items.push(item);
    return items;
};
