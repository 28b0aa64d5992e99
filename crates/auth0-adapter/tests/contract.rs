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
use conformance::{Backstage, Planted, Subject};
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
        backstage: Box::new(Behind(world)),
    }
}

#[derive(Debug)]
struct Behind(World);

#[async_trait]
impl Backstage for Behind {
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
        Arc::new(self.0.another(catalogue))
    }
}
