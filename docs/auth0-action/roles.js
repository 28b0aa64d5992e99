// Gives the access tokens of applications the roles that the person has, by tenant.
const PREFIX = "usher"; // metadata_prefix
const CONNECTIONS = ["Username-Password-Authentication"]; // connection and attach_connections
const CLAIM = "https://example.com/roles";

exports.onExecutePostLogin = async (event, api) => {
  api.accessToken.setCustomClaim(CLAIM, activeRoles(event.user, Date.now()));
};

// A pending, suspended or expired membership gives no role. Whatever cannot be read gives none.
function activeRoles(user, now) {
  const metadata = user.app_metadata ?? {};
  const home = metadata[PREFIX]?.home;
  const roles = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (!key.startsWith(`${PREFIX}_tenant_`) || typeof value?.role !== "string") continue;
    const tenant = key.slice(`${PREFIX}_tenant_`.length);
    const proven = tenant === home || isProven(user, value.m);
    if (isAttachment(value.m) && proven && isAlive(metadata, tenant, value.m, now)) {
      roles[tenant] = value.role;
    }
  }
  return roles;
}

// "<id> <since> <address>"; a membership of an older version has none.
function isAttachment(m) {
  return m == null || (typeof m === "string" && /^[A-Za-z0-9]+ \S+ .+$/.test(m));
}

function isProven(user, m) {
  if (isStampOpen(user)) return false;
  if (m == null) return true;
  const address = String(m).split(" ").slice(2).join(" ");
  const identities = user.identities ?? [];
  return (
    user.email_verified === true &&
    identities.length > 0 &&
    identities.every((identity) => CONNECTIONS.includes(identity.connection)) &&
    String(user.email).toLowerCase() === address
  );
}

// Someone else has set the password or the address, and the person has not reset the password since.
function isStampOpen(user) {
  const stamp = user.app_metadata?.[`${PREFIX}_credentials`];
  if (stamp == null) return false;
  const at = Date.parse(String(stamp).split(" ")[0]);
  return !(Date.parse(user.last_password_reset) > at + 60_000);
}

function isAlive(metadata, tenant, m, now) {
  const life = metadata[`${PREFIX}_life_${tenant}`];
  if (m == null || typeof life !== "string" || !life.startsWith(`${m.split(" ")[0]} `)) return true;
  const [, suspended, end] = life.match(/^\S+ s=([01]) e=(\S*)$/) ?? [];
  return suspended === "0" && (end === "" || Date.parse(end) > now);
}
