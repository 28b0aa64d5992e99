-- Roles for Usher with the least rights. Run it once in Usher's database as a superuser, before
-- `usher migrate`, and give both roles a password or another way to log in.
--
-- usher_owner owns the schema: `usher migrate` logs in as it.
-- usher_service reads and writes rows, as far as row-level security lets it: the service logs in as
-- it. It owns nothing, so it can neither change the schema nor turn row-level security off.

CREATE ROLE usher_owner LOGIN;
CREATE ROLE usher_service LOGIN;

DO $$ BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO usher_owner', current_database());
END $$;

ALTER DEFAULT PRIVILEGES FOR ROLE usher_owner
    GRANT USAGE ON SCHEMAS TO usher_service;
ALTER DEFAULT PRIVILEGES FOR ROLE usher_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO usher_service;
