// Drives the stand-in with `auth0` from npm, as an application would.
import { checks as authentication } from "./authentication.mjs";
import { checks as organizations } from "./organizations.mjs";
import { checks as users } from "./users.mjs";

for (const check of [...authentication, ...users, ...organizations]) {
    try {
        await check();
    } catch (error) {
        console.error(`FAILED  node    ${check.name}\n`, error);
        process.exit(1);
    }
    console.log(`ok      node    ${check.name}`);
}
