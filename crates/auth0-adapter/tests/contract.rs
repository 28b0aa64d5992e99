//! The contract suite against the stand-in for Auth0: once with a search that shows every write at
//! once, and once with one that lags and changes the order of ties.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod world;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{RoleCatalogue, UserId};
use ports::UserDirectory;
use ports::contract::{Backstage, Planted, Subject};
use serde_json::{Map, json};

use crate::world::World;

mod immediate_search {
    use super::*;

    ports::directory_contract!(subject);
    ports::one_step_contract!(subject);
    ports::password_contract!(subject);

    async fn subject() -> Subject {
        subject_of(World::new().await)
    }
}

mod lagging_search {
    use super::*;

    ports::directory_contract!(subject);
    ports::one_step_contract!(subject);
    ports::password_contract!(subject);

    async fn subject() -> Subject {
        subject_of(World::with(world::lagging_search, |_| ()).await)
    }
}

fn subject_of(world: World) -> Subject {
    Subject {
        directory: world.directory.clone(),
        passwords: world.directory.clone(),
        clock: world.clock.clone(),
        backstage: Box::new(SimBackstage(world)),
    }
}

#[derive(Debug)]
struct SimBackstage(World);

#[async_trait]
impl Backstage for SimBackstage {
    async fn plant(&self, planted: Planted) -> UserId {
        let mut metadata = Map::new();
        if let Some(home) = &planted.home {
            metadata.insert("usher".to_owned(), json!({ "home": home.as_str() }));
        }
        for (tenant, role) in &planted.roles {
            metadata.insert(format!("usher_tenant_{tenant}"), json!({ "role": role }));
        }
        let name = planted.email.split('@').next().unwrap();
        let mut account = json!({
            "user_id": format!("auth0|planted.{name}"),
            "email": planted.email,
            "blocked": planted.blocked,
            "app_metadata": metadata,
        });
        let texts = [
            ("username", planted.username),
            ("given_name", planted.given_name),
            ("family_name", planted.family_name),
            ("name", planted.display_name),
            ("password", planted.password),
        ];
        for (member, text) in texts {
            if let Some(text) = text {
                account[member] = text.into();
            }
        }
        self.0.seed(account)
    }

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        self.0.control().catch_up();
        Arc::new(self.0.another_directory(catalogue))
    }
}
