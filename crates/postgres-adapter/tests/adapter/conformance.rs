//! The conformance suite on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{ManualClock, StoreControl, StoreEvent, StoredAccount, Subject, catalogue};
use domain::{RoleCatalogue, UserId};
use password_hashing::Hasher;
use ports::{Clock as _, UserDirectory};

use crate::world::World;

conformance::directory_suite!(subject);
conformance::one_step_suite!(subject);
conformance::password_suite!(subject);

async fn subject() -> Option<Subject> {
    let world = World::new()?;
    let clock = Arc::new(ManualClock::new());
    let directory = world.directory(catalogue(), Arc::clone(&clock)).await;
    let store = Box::new(Store(world, Arc::clone(&clock)));
    Some(Subject { directory: directory.clone(), passwords: directory, clock, store })
}

struct Store(World, Arc<ManualClock>);

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(…)")
    }
}

/// Returns a value as an SQL literal.
fn literal(value: Option<&str>) -> String {
    value.map_or("NULL".to_owned(), |value| format!("'{}'", value.replace('\'', "''")))
}

#[async_trait]
impl StoreControl for Store {
    /// Inserts as an operator of the database would, and lets a directory make the sort keys.
    async fn insert(&self, account: StoredAccount) -> UserId {
        let id = format!("planted|{}", account.email.split('@').next().unwrap());
        let password = match account.password {
            Some(password) => {
                Some(Hasher::default().hash_to_phc(password.parse().unwrap()).await.unwrap())
            }
            None => None,
        };
        let password = password.map(|password| password.to_phc());
        let mut sql = format!(
            "INSERT INTO usher.account (id, email, username, given_name, family_name, display_name, \
             service_user, blocked, password, home, email_verified, stamp_sets_address, created_at, \
             version) VALUES ({}, {}, {}, {}, {}, {}, false, {}, {}, {}, false, false, {}, 1);",
            literal(Some(&id)),
            literal(Some(&account.email.to_lowercase())),
            literal(account.username.as_deref()),
            literal(account.given_name.as_deref()),
            literal(account.family_name.as_deref()),
            literal(account.display_name.as_deref()),
            account.blocked,
            literal(password.as_deref()),
            literal(account.home.as_ref().map(domain::TenantId::as_str)),
            literal(Some(&self.1.now().to_string())),
        );
        let memberships = account.roles.iter().map(|(tenant, role)| {
            format!(
                "INSERT INTO usher.membership (tenant, account, role, suspended, id_key, \
                 username_key, email_key, first_name_key, last_name_key, created_key) \
                 VALUES ({}, {}, {}, false, '', '', '', '', '', now());",
                literal(Some(tenant.as_str())),
                literal(Some(&id)),
                literal(Some(role)),
            )
        });
        sql.extend(memberships);
        sql += "DELETE FROM usher.setting WHERE name = 'sort_keys';";
        self.0.database.execute(&sql).unwrap();
        self.0.standard_directory().await;
        id.parse().unwrap()
    }

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        self.0.directory(catalogue, Arc::clone(&self.1)).await
    }

    async fn happen(&self, id: &UserId, event: StoreEvent) {
        let change = match event {
            StoreEvent::EmailVerified => "email_verified = true".to_owned(),
            StoreEvent::PasswordReset => {
                format!("last_password_reset = {}", literal(Some(&self.1.now().to_string())))
            }
            StoreEvent::Blocked => "blocked = true".to_owned(),
        };
        let id = literal(Some(id.as_str()));
        let sql = format!(
            "UPDATE usher.account SET {change} WHERE id = {id}; \
             DELETE FROM usher.setting WHERE name = 'sort_keys';"
        );
        self.0.database.execute(&sql).unwrap();
        self.0.standard_directory().await;
    }
}
