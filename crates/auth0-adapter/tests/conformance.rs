//! The conformance suite on the stand-in for Auth0: once with a search that shows every write at
//! once, and once with one that lags and changes the order of ties.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conformance::{StoreControl, StoreEvent, StoredAccount, Subject};
use domain::{RoleCatalogue, UserId};
use ports::{Clock, UserDirectory};
use serde_json::{Map, json};

use crate::world::World;

mod immediate_search {
    use super::*;

    conformance::directory_suite!(subject);
    conformance::one_step_suite!(subject);
    conformance::password_suite!(subject);

    async fn subject() -> Subject {
        subject_of(World::new().await)
    }
}

mod lagging_search {
    use super::*;

    conformance::directory_suite!(subject);
    conformance::one_step_suite!(subject);
    conformance::password_suite!(subject);

    async fn subject() -> Subject {
        subject_of(World::with(world::lagging_search, |_| ()).await)
    }
}

fn subject_of(world: World) -> Subject {
    Subject {
        directory: world.directory.clone(),
        passwords: world.directory.clone(),
        clock: world.clock.clone(),
        store: Box::new(SimStoreControl(world)),
    }
}

#[derive(Debug)]
struct SimStoreControl(World);

#[async_trait]
impl StoreControl for SimStoreControl {
    async fn insert(&self, account: StoredAccount) -> UserId {
        let mut metadata = Map::new();
        if let Some(home) = &account.home {
            metadata.insert("usher".to_owned(), json!({ "home": home.as_str() }));
        }
        for (tenant, role) in &account.roles {
            metadata.insert(format!("usher_tenant_{tenant}"), json!({ "role": role }));
        }
        let name = account.email.split('@').next().unwrap();
        let mut document = json!({
            "user_id": format!("auth0|planted.{name}"),
            "email": account.email,
            "blocked": account.blocked,
            "app_metadata": metadata,
        });
        let texts = [
            ("username", account.username),
            ("given_name", account.given_name),
            ("family_name", account.family_name),
            ("name", account.display_name),
            ("password", account.password),
        ];
        for (member, text) in texts {
            if let Some(text) = text {
                document[member] = text.into();
            }
        }
        self.0.seed(document)
    }

    async fn happen(&self, id: &UserId, event: StoreEvent) {
        let (world, id) = (&self.0, id.as_str());
        // A read recognizes a newer state by its time.
        world.clock.advance(Duration::from_millis(1));
        match event {
            StoreEvent::EmailVerified => world.control().verify_email(id).unwrap(),
            StoreEvent::PasswordReset => {
                world.control().reset_password(id, "chosen-by-the-person").unwrap();
            }
            StoreEvent::Blocked => {
                let mut user = world.control().user(id).unwrap();
                user["blocked"] = true.into();
                user["updated_at"] = world.clock.now().to_string().into();
                assert!(world.control().remove_user(id));
                world.seed(user);
            }
        }
        world.control().catch_up();
        let found = world.find(&id.parse().unwrap()).await;
        assert!(found.is_some());
    }

    fn sends_mail(&self) -> bool {
        true
    }

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        self.0.control().catch_up();
        Arc::new(self.0.another_directory(catalogue))
    }
}
