//! Changes of stored accounts, as statements.

use std::collections::BTreeMap;
use std::time::SystemTime;

use domain::{AccountRules, Membership, TenantId, User};

use crate::database::{Failure, Transaction};
use crate::directory::moment::to_stored;
use crate::directory::record::Record;
use crate::directory::sort_key::{SortKeys, text_key};

const INSERT_ACCOUNT: &str = "
    INSERT INTO usher.account (
        id, email, username, given_name, family_name, display_name, service_user, blocked, password,
        home, email_verified, stamp_at, stamp_by, stamp_sets_address, last_password_reset,
        created_at, updated_at, last_login, version
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)";

const UPDATE_ACCOUNT: &str = "
    UPDATE usher.account SET
        email = $2, username = $3, given_name = $4, family_name = $5, display_name = $6,
        service_user = $7, blocked = $8, password = $9, home = $10, email_verified = $11,
        stamp_at = $12, stamp_by = $13, stamp_sets_address = $14, last_password_reset = $15,
        created_at = $16, updated_at = $17, last_login = $18, version = version + 1
    WHERE id = $1";

const PUT_MEMBERSHIP: &str = "
    INSERT INTO usher.membership (
        tenant, account, role, name, id, since, email, suspended, expires_at,
        id_key, username_key, email_key, first_name_key, last_name_key, created_key
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (tenant, account) DO UPDATE SET
        role = excluded.role, name = excluded.name, id = excluded.id, since = excluded.since,
        email = excluded.email, suspended = excluded.suspended, expires_at = excluded.expires_at,
        id_key = excluded.id_key, username_key = excluded.username_key,
        email_key = excluded.email_key, first_name_key = excluded.first_name_key,
        last_name_key = excluded.last_name_key, created_key = excluded.created_key";

const DELETE_MEMBERSHIP: &str = "DELETE FROM usher.membership WHERE tenant = $1 AND account = $2";

const STORE_SORT_KEYS: &str = "SELECT usher.store_sort_keys($1, $2, $3, $4, $5, $6, $7, $8)";

impl Transaction {
    /// Stores a new account.
    pub(crate) async fn insert(&self, record: &Record, rules: AccountRules) -> Result<(), Failure> {
        self.write_account(INSERT_ACCOUNT, record).await?;
        let keys = record.sort_keys(rules);
        for (tenant, membership) in &record.user.memberships {
            self.put_membership(&record.user, tenant, membership, &keys).await?;
        }
        Ok(())
    }

    /// Stores what differs between the account as it was read and as it is to be.
    pub(crate) async fn update(
        &self,
        before: &Record,
        after: &Record,
        rules: AccountRules,
    ) -> Result<(), Failure> {
        let keys = after.sort_keys(rules);
        // First the account: once it is detached, the transaction may not reach it any more.
        self.write_account(UPDATE_ACCOUNT, after).await?;
        let old_keys = before.sort_keys(rules);
        let changed = keys.iter().filter(|(tenant, keys)| {
            old_keys.get(*tenant).is_some_and(|old_keys| old_keys != *keys)
        });
        self.store_sort_keys(after, changed).await?;
        for (tenant, membership) in &after.user.memberships {
            if before.user.memberships.get(tenant) != Some(membership) {
                self.put_membership(&after.user, tenant, membership, &keys).await?;
            }
        }
        for tenant in before.stored_tenants().filter(|tenant| !keys.contains_key(tenant)) {
            self.execute(DELETE_MEMBERSHIP, &[&tenant.as_str(), &after.user.id.as_str()]).await?;
        }
        Ok(())
    }

    async fn write_account(&self, sql: &str, record: &Record) -> Result<(), Failure> {
        let user = &record.user;
        let stamp = user.credentials.stamp.as_deref();
        self.execute(
            sql,
            &[
                &user.id.as_str(),
                &user.email.as_str(),
                &user.username.as_ref().map(AsRef::<str>::as_ref),
                &user.given_name.as_ref().map(AsRef::<str>::as_ref),
                &user.family_name.as_ref().map(AsRef::<str>::as_ref),
                &user.display_name.as_ref().map(AsRef::<str>::as_ref),
                &user.service_user,
                &user.blocked,
                &record.password,
                &user.home.as_ref().map(AsRef::<str>::as_ref),
                &user.credentials.email_verified,
                &stamp.map(|stamp| to_stored(stamp.at)),
                &stamp.and_then(|stamp| stamp.by.as_ref()).map(AsRef::<str>::as_ref),
                &stamp.is_some_and(|stamp| stamp.sets_address),
                &user.credentials.last_password_reset.map(to_stored),
                &to_stored(user.created_at),
                &user.updated_at.map(to_stored),
                &user.last_login.map(to_stored),
            ],
        )
        .await?;
        Ok(())
    }

    async fn put_membership(
        &self,
        user: &User,
        tenant: &TenantId,
        membership: &Membership,
        keys: &BTreeMap<TenantId, SortKeys>,
    ) -> Result<(), Failure> {
        let Some(keys) = keys.get(tenant) else { return Ok(()) };
        let attachment = membership.attachment.as_deref();
        self.execute(
            PUT_MEMBERSHIP,
            &[
                &tenant.as_str(),
                &user.id.as_str(),
                &membership.role.name().as_str(),
                &membership.name.as_ref().map(AsRef::<str>::as_ref),
                &attachment.map(|attachment| attachment.id.as_str()),
                &attachment.map(|attachment| to_stored(attachment.since)),
                &attachment.map(|attachment| attachment.email.as_str()),
                &membership.suspended,
                &membership.expires_at.map(to_stored),
                &keys.id,
                &keys.username,
                &keys.email,
                &keys.first_name,
                &keys.last_name,
                &to_stored(keys.created),
            ],
        )
        .await?;
        Ok(())
    }

    /// Stores the sort keys of the memberships in these tenants.
    pub(crate) async fn store_sort_keys<'k>(
        &self,
        record: &Record,
        keys: impl IntoIterator<Item = (&'k TenantId, &'k SortKeys)>,
    ) -> Result<(), Failure> {
        let (tenants, keys): (Vec<&str>, Vec<&SortKeys>) =
            keys.into_iter().map(|(tenant, keys)| (tenant.as_str(), keys)).unzip();
        if tenants.is_empty() {
            return Ok(());
        }
        let texts = |value: fn(&SortKeys) -> &String| -> Vec<&str> {
            keys.iter().map(|keys| value(keys).as_str()).collect()
        };
        let created: Vec<SystemTime> = keys.iter().map(|keys| to_stored(keys.created)).collect();
        self.execute(
            STORE_SORT_KEYS,
            &[
                &record.user.id.as_str(),
                &text_key(record.user.id.as_str()),
                &tenants,
                &texts(|keys| &keys.username),
                &texts(|keys| &keys.email),
                &texts(|keys| &keys.first_name),
                &texts(|keys| &keys.last_name),
                &created,
            ],
        )
        .await?;
        Ok(())
    }
}
