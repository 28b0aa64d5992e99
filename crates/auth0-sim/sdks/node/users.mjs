// Users, searches and pages.
import assert from "node:assert/strict";
import {
    assertRejected,
    collect,
    connection,
    createUser,
    users,
} from "./support.mjs";

async function userHasDefaults() {
    const user = await createUser("Ada.Lovelace@SDK.Example");
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
    const { user_id: id, updated_at: before } = await createUser("grace@sdk.example", {
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
    await assertRejected(users.get(id), 404, "inexistent_user", missing);
    await assertRejected(users.update(id, { name: "Nobody" }), 404, "inexistent_user", missing);
}

async function duplicateEmailIsRejected() {
    const { user_id: id } = await createUser("first@sdk.example");
    const exists = /^The user already exists\.$/;
    await assertRejected(createUser("FIRST@sdk.example"), 409, "auth0_idp_error", exists);
    const other = await createUser("second@sdk.example");
    const change = users.update(other.user_id, { email: "first@sdk.example" });
    await assertRejected(change, 400, "auth0_idp_error", /^The specified new email already exists/);
    await users.delete(id);
    await createUser("first@sdk.example");
}

async function emailLookupIsCaseSensitive() {
    const user = await createUser("by-email@sdk.example");
    assert.deepEqual(await users.listUsersByEmail({ email: "by-email@sdk.example" }), [user]);
    assert.deepEqual(await users.listUsersByEmail({ email: "By-Email@sdk.example" }), []);
}

async function metadataMergesAtFirstLevel() {
    const { user_id: id } = await createUser("metadata@sdk.example", {
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

async function weakPasswordIsRejected() {
    const weak = /^PasswordStrengthError: Password is too weak$/;
    const created = createUser("weak@sdk.example", { password: "abc" });
    await assertRejected(created, 400, undefined, weak);
    const { user_id: id } = await createUser("strong@sdk.example");
    await assertRejected(users.update(id, { connection, password: "abc" }), 400, undefined, weak);
    assert.equal((await users.get(id)).last_password_reset, undefined);
    const changed = await users.update(id, { connection, password: "another battery" });
    assert.ok(changed.last_password_reset);
}

async function invalidBodyIsRejected() {
    const message = /^Payload validation error: /;
    await assertRejected(createUser("no-email"), 400, "invalid_body", message);
    const elsewhere = createUser("elsewhere@sdk.example", { connection: "nowhere" });
    await assertRejected(elsewhere, 400, "inexistent_connection");
    const extra = createUser("extra@sdk.example", { extra: true });
    await assertRejected(extra, 400, "invalid_body", /extra/);
}

async function searchFiltersSortsAndSelectsFields() {
    const team = "search";
    for (const [name, level] of [["Bob", 1], ["alice", 2], ["Carol", 3]]) {
        const app_metadata = { team, level, tags: [`tag-${level}`] };
        await createUser(`${name.toLowerCase()}@search.example`, { name, app_metadata });
    }
    const names = async (q, overrides) => {
        const page = await users.list({ q, sort: "email:1", search_engine: "v3", ...overrides });
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
    await assertRejected(users.list({ q: "name:(bob" }), 400, "invalid_query_string");
    await assertRejected(users.list({ sort: "app_metadata.level:1" }), 400, "invalid_query_string");
}

async function pagerReachesLastPage() {
    for (let n = 0; n < 12; n++) {
        await createUser(`page-${n}@sdk.example`, { app_metadata: { team: "paging" } });
    }
    const request = { q: 'app_metadata.team:"paging"', sort: "created_at:1", per_page: 5 };
    const { start, limit, length, total } = (await users.list({ ...request, page: 2 })).response;
    assert.deepEqual([start, limit, length, total], [10, 5, 2, 12]);
    const pager = await users.list({ ...request, include_totals: true });
    const sizes = [pager.data.length];
    while (pager.hasNextPage()) sizes.push((await pager.getNextPage()).data.length);
    assert.deepEqual(sizes, [5, 5, 2]);
    const found = await collect(users.list(request));
    assert.equal(new Set(found.map((user) => user.user_id)).size, 12);
}

async function pagePastThousandthIsRejected() {
    const request = { q: 'app_metadata.batch:"window"', per_page: 100 };
    const last = await users.list({ ...request, page: 9 });
    assert.deepEqual([last.data.length, last.response.total], [100, 1000]);
    const message = /^You can only page through the first 1000 records/;
    await assertRejected(users.list({ ...request, page: 10 }), 400, "invalid_paging", message);
    // The SDK's own pager does not know this limit.
    await assertRejected(collect(users.list(request)), 400, "invalid_paging", message);
}

export const checks = [
    userHasDefaults,
    userIsUpdatedAndDeleted,
    duplicateEmailIsRejected,
    emailLookupIsCaseSensitive,
    metadataMergesAtFirstLevel,
    weakPasswordIsRejected,
    invalidBodyIsRejected,
    searchFiltersSortsAndSelectsFields,
    pagerReachesLastPage,
    pagePastThousandthIsRejected,
];
