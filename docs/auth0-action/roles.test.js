// Run by `make sim-check`. The crate auth0-adapter reads the same cases.
const assert = require("node:assert/strict");
const test = require("node:test");
const { onExecutePostLogin } = require("./roles.js");
const cases = require("./cases.json");

for (const { name, user, roles } of cases) {
  test(name, async (context) => {
    context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-06-01T00:00:00.000Z") });
    const claims = {};
    const setCustomClaim = (claim, value) => (claims[claim] = value);
    await onExecutePostLogin({ user }, { accessToken: { setCustomClaim } });
    assert.deepEqual(claims, { "https://example.com/roles": roles });
  });
}
