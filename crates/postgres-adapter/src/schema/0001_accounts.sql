-- Accounts, memberships, and who may reach which rows.
--
-- Texts that are compared have the collation "C", which is the order of their bytes and the same on
-- every system. Sort keys are made by the service, never by the database: see sort_key.rs.

-- What the stored data depends on besides the schema. No data of tenants.
CREATE TABLE usher.setting (name text PRIMARY KEY, value text NOT NULL);

CREATE TABLE usher.account (
    id text COLLATE "C" PRIMARY KEY CHECK (octet_length(id) <= 255),
    email text COLLATE "C" NOT NULL CONSTRAINT account_email_key UNIQUE,
    username text COLLATE "C" CONSTRAINT account_username_key UNIQUE,
    given_name text,
    family_name text,
    display_name text,
    service_user boolean NOT NULL,
    blocked boolean NOT NULL,
    -- Argon2id in the PHC string format.
    password text,
    home text COLLATE "C",
    email_verified boolean NOT NULL,
    stamp_at timestamptz,
    stamp_by text COLLATE "C",
    stamp_sets_address boolean NOT NULL,
    last_password_reset timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    last_login timestamptz,
    -- One more with each change.
    version bigint NOT NULL
);
CREATE INDEX account_home ON usher.account (home) WHERE home IS NOT NULL;

CREATE TABLE usher.membership (
    tenant text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL REFERENCES usher.account ON DELETE CASCADE,
    role text COLLATE "C" NOT NULL,
    name text,
    -- How it came about: all three, or none.
    id text,
    since timestamptz,
    email text,
    suspended boolean NOT NULL,
    expires_at timestamptz,
    -- What the tenant sees of the account, as lists are sorted by it.
    id_key text COLLATE "C" NOT NULL,
    username_key text COLLATE "C" NOT NULL,
    email_key text COLLATE "C" NOT NULL,
    first_name_key text COLLATE "C" NOT NULL,
    last_name_key text COLLATE "C" NOT NULL,
    created_key timestamptz NOT NULL,
    PRIMARY KEY (tenant, account),
    CHECK ((id IS NULL) = (since IS NULL) AND (id IS NULL) = (email IS NULL))
);
CREATE INDEX membership_account ON usher.membership (account);
CREATE INDEX membership_role ON usher.membership (tenant, role, account);
-- A descending list has ascending ids among equal values. Addresses and usernames are seldom equal,
-- names and times often.
CREATE INDEX membership_id ON usher.membership (tenant, id_key);
CREATE INDEX membership_username ON usher.membership (tenant, username_key, id_key);
CREATE INDEX membership_email ON usher.membership (tenant, email_key, id_key);
CREATE INDEX membership_first_name ON usher.membership (tenant, first_name_key, id_key);
CREATE INDEX membership_first_name_desc ON usher.membership (tenant, first_name_key DESC, id_key);
CREATE INDEX membership_last_name ON usher.membership (tenant, last_name_key, id_key);
CREATE INDEX membership_last_name_desc ON usher.membership (tenant, last_name_key DESC, id_key);
CREATE INDEX membership_created ON usher.membership (tenant, created_key, id_key);
CREATE INDEX membership_created_desc ON usher.membership (tenant, created_key DESC, id_key);

-- Row-level security. A transaction states by usher.enter what it may reach; one that states nothing
-- reaches nothing. FORCE holds for the owner of the tables too.

CREATE FUNCTION usher.enter(tenants text[], every_tenant boolean, accounts text[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('usher.tenants', tenants::text, true);
    PERFORM set_config('usher.every_tenant', CASE WHEN every_tenant THEN 'on' ELSE '' END, true);
    PERFORM set_config('usher.accounts', accounts::text, true);
    RETURN true;
END
$$;

ALTER TABLE usher.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE usher.account FORCE ROW LEVEL SECURITY;
ALTER TABLE usher.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE usher.membership FORCE ROW LEVEL SECURITY;

-- The sub-selects are evaluated once for each statement, not for each row.
CREATE POLICY membership_of_tenant ON usher.membership USING (
    tenant = ANY ((SELECT nullif(current_setting('usher.tenants', true), '')::text[])::text[])
    OR (SELECT current_setting('usher.every_tenant', true)) = 'on'
);
CREATE POLICY account_of_tenant ON usher.account USING (
    (SELECT current_setting('usher.every_tenant', true)) = 'on'
    OR home = ANY ((SELECT nullif(current_setting('usher.tenants', true), '')::text[])::text[])
    OR id = ANY ((SELECT nullif(current_setting('usher.accounts', true), '')::text[])::text[])
    OR EXISTS (SELECT FROM usher.membership WHERE membership.account = account.id)
);

-- An account with its memberships, in parallel arrays.
CREATE VIEW usher.whole_account WITH (security_invoker = true) AS
SELECT account.*, held.*
FROM usher.account CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(tenant), '{}') AS tenants,
           array_agg(role) AS roles,
           array_agg(name) AS names,
           array_agg(membership.id) AS membership_ids,
           array_agg(since) AS attached_at,
           array_agg(membership.email) AS attached_emails,
           array_agg(suspended) AS suspended,
           array_agg(expires_at) AS expiries
    FROM usher.membership WHERE membership.account = account.id
) AS held;

-- The functions below answer questions about rows that the transaction cannot reach, because a
-- decision depends on them, and no more than that.

-- The accounts of these ids that the transaction reaches, with their memberships in every tenant:
-- whether an account is the person's own, and which tenant shows it, depends on all of them.
CREATE FUNCTION usher.reached_accounts(wanted text[]) RETURNS SETOF usher.whole_account
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    reached text[];
    every_tenant text := coalesce(current_setting('usher.every_tenant', true), '');
BEGIN
    reached := ARRAY(SELECT id FROM usher.account WHERE id = ANY (wanted));
    PERFORM set_config('usher.every_tenant', 'on', true);
    RETURN QUERY SELECT * FROM usher.whole_account AS whole WHERE whole.id = ANY (reached);
    PERFORM set_config('usher.every_tenant', every_tenant, true);
END
$$;

-- The account with this address, wherever it is attached, for whoever may attach it.
CREATE FUNCTION usher.account_of_address(address text) RETURNS SETOF usher.whole_account
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    every_tenant text := coalesce(current_setting('usher.every_tenant', true), '');
BEGIN
    PERFORM set_config('usher.every_tenant', 'on', true);
    RETURN QUERY SELECT * FROM usher.whole_account AS whole WHERE whole.email = address;
    PERFORM set_config('usher.every_tenant', every_tenant, true);
END
$$;

-- Locks an account against other changes, and the caller's against a change of its roles, in the
-- order of the ids, so that no two transactions wait for each other. Returns nothing.
CREATE FUNCTION usher.lock_accounts(changed text, caller text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    every_tenant text := coalesce(current_setting('usher.every_tenant', true), '');
BEGIN
    PERFORM set_config('usher.every_tenant', 'on', true);
    IF caller < changed COLLATE "C" THEN
        PERFORM FROM usher.account WHERE id = caller FOR SHARE;
    END IF;
    PERFORM FROM usher.account WHERE id = changed FOR UPDATE;
    IF changed IS NULL OR caller > changed COLLATE "C" THEN
        PERFORM FROM usher.account WHERE id = caller FOR SHARE;
    END IF;
    PERFORM set_config('usher.every_tenant', every_tenant, true);
END
$$;

-- Stores what lists of other tenants are sorted by, after a change to an account that the
-- transaction reaches.
CREATE FUNCTION usher.store_sort_keys(
    changed text, id_key text, tenants text[], username_keys text[], email_keys text[],
    first_name_keys text[], last_name_keys text[], created_keys timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    every_tenant text := coalesce(current_setting('usher.every_tenant', true), '');
BEGIN
    PERFORM FROM usher.account WHERE id = changed;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('usher.every_tenant', 'on', true);
    UPDATE usher.membership AS stored
    SET id_key = store_sort_keys.id_key, username_key = new.username_key, email_key = new.email_key,
        first_name_key = new.first_name_key, last_name_key = new.last_name_key,
        created_key = new.created_key
    FROM unnest(tenants, username_keys, email_keys, first_name_keys, last_name_keys, created_keys)
        AS new (tenant, username_key, email_key, first_name_key, last_name_key, created_key)
    WHERE stored.account = changed AND stored.tenant = new.tenant;
    PERFORM set_config('usher.every_tenant', every_tenant, true);
END
$$;
