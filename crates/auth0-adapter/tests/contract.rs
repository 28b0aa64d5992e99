//! Every clause of the contract suite, on Auth0's stand-in: once with a search that knows every
//! write at once, and once with one that is behind and puts ties in another order each time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod world;

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{StoreControl, StoredAccount, Subject};
use domain::{RoleCatalogue, UserId};
use ports::UserDirectory;
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
        subject_of(World::with(world::lagging, |_| ()).await)
    }
}

fn subject_of(world: World) -> Subject {
    Subject {
        directory: world.directory.clone(),
        passwords: world.directory.clone(),
        clock: world.clock.clone(),
        store: Box::new(Behind(world)),
    }
}

#[derive(Debug)]
struct Behind(World);

#[async_trait]
impl StoreControl for Behind {
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

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        self.0.control().catch_up();
        Arc::new(self.0.another(catalogue))
    }
}
