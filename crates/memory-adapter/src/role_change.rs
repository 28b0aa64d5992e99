//! A change of the role catalogue, which is computed while the service goes on.

use std::mem;
use std::sync::Arc;

use domain::RoleCatalogue;
use roster::AccountSnapshot;

use crate::record::Record;
use crate::state::{ChangeLog, State};

/// At most this many changes of accounts are repeated while the directory is locked.
const MAX_LAST_CHANGES: usize = 32;

/// The accounts under another catalogue, which do not have the latest changes yet.
pub(crate) struct RoleChange {
    catalogue: Arc<RoleCatalogue>,
    /// The accounts at the beginning, until their roles are resolved.
    accounts: Option<AccountSnapshot<Record>>,
    state: State,
    /// The changes of accounts since the beginning that are not repeated yet.
    log: Arc<ChangeLog>,
}

/// The outcome of an attempt to finish a change of the catalogue.
pub(crate) enum RoleChangeOutcome {
    /// The catalogue is in force. To drop the accounts under the former one takes long.
    Finished(State),
    /// Too much has changed: call [`RoleChange::advance`] and try again.
    Behind(RoleChange),
    /// All accounts have been replaced: begin again.
    Lost,
}

impl RoleChange {
    pub(crate) fn new(
        catalogue: Arc<RoleCatalogue>,
        accounts: AccountSnapshot<Record>,
        log: Arc<ChangeLog>,
    ) -> Self {
        Self { catalogue, accounts: Some(accounts), state: State::default(), log }
    }

    pub(crate) fn log(&self) -> &Arc<ChangeLog> {
        &self.log
    }

    /// Resolves the roles of all accounts, and repeats what has changed meanwhile. Takes long;
    /// nothing is locked.
    pub(crate) fn advance(&mut self) {
        if let Some(accounts) = self.accounts.take() {
            self.state = State::under_catalogue(&accounts, &self.catalogue);
        }
        self.catch_up();
    }

    fn catch_up(&mut self) {
        let changes = mem::take(&mut *self.log.lock());
        for (id, after) in changes {
            match after {
                Some(record) => drop(self.state.put(record.under_catalogue(&self.catalogue))),
                None => self.state.remove(&id),
            }
        }
    }

    /// Whether few changes are left to repeat.
    pub(crate) fn is_almost_complete(&self) -> bool {
        self.accounts.is_none() && self.log.lock().len() <= MAX_LAST_CHANGES
    }

    /// Repeats the last changes, and returns the accounts with their catalogue.
    pub(crate) fn into_state(mut self) -> (State, Arc<RoleCatalogue>) {
        self.catch_up();
        (self.state, self.catalogue)
    }
}

#[cfg(test)]
mod tests {
    use conformance::{Caller, ManualClock, acme, catalogue, globex};
    use domain::{AccountChange, NewMember, Sort, User};
    use ports::UserDirectory as _;

    use super::*;
    use crate::directory::MemoryDirectory;

    fn directory(count: usize) -> MemoryDirectory {
        let directory = MemoryDirectory::new(catalogue(), Arc::new(ManualClock::new()));
        let line = |number| {
            let tenants = r#"{"acme":"member","globex":"owner"}"#;
            format!(
                r#"{{"id":"{number}","email":"{number}@a.test","homeTenant":"acme","tenants":{tenants}}}"#
            )
        };
        let seed: Vec<_> = (0..count).map(line).collect();
        directory.load_seed(seed.join("\n").as_bytes()).unwrap();
        directory
    }

    /// Returns the standard catalogue without owners.
    fn without_owner() -> Arc<RoleCatalogue> {
        let all = catalogue();
        let others = all.definitions().filter(|role| role.name.as_str() != "owner");
        Arc::new(RoleCatalogue::new(others.cloned().collect()).unwrap())
    }

    async fn change_every_third(directory: &MemoryDirectory, users: &[User]) {
        let changes = Caller::of([acme(), globex()]).changes();
        let writes = Caller::of([acme()]).writes(&acme());
        for three in users.chunks(3) {
            let [user, other, _] = three else { panic!("groups of three") };
            directory.delete(&changes, other).await.unwrap();
            // Takes the address of the account that was deleted.
            let change = AccountChange {
                email: other.email.clone(),
                given_name: Some("New".parse().unwrap()),
                family_name: None,
            };
            directory.change_account(&changes, user, change).await.unwrap();
            let role = catalogue().default_role().clone();
            let email = format!("new{}@a.test", user.id).parse().unwrap();
            let member = NewMember { email, role, name: None };
            directory.attach_or_create(&writes, member).await.unwrap();
        }
    }

    async fn users(directory: &MemoryDirectory) -> Vec<User> {
        let scope = Caller::of([acme()]).reads(&acme());
        let list = directory.list_all(&scope, Sort::default()).await.unwrap();
        list.collect().await.unwrap().users.iter().map(|view| User::clone(view)).collect()
    }

    async fn assert_equals_copy(directory: &MemoryDirectory, catalogue: Arc<RoleCatalogue>) {
        let copy = directory.under_catalogue(catalogue);
        let (users, copied) = (users(directory).await, users(&copy).await);
        assert!(!users.is_empty());
        assert_eq!(users, copied);
    }

    #[tokio::test]
    async fn changes_during_a_role_change_are_kept() {
        let directory = directory(300);
        let before = users(&directory).await;
        let mut change = directory.begin_role_change(without_owner());
        change_every_third(&directory, &before[..147]).await;
        change.advance();
        change_every_third(&directory, &before[150..]).await;
        assert!(users(&directory).await.iter().any(|user| user.memberships.len() == 2));
        let RoleChangeOutcome::Behind(mut change) = directory.finish_role_change(change) else {
            panic!("more changes than are repeated under the lock")
        };
        change.advance();
        change_every_third(&directory, &before[147..150]).await;
        let outcome = directory.finish_role_change(change);
        assert!(matches!(outcome, RoleChangeOutcome::Finished(_)));

        let after = users(&directory).await;
        assert!(after.iter().all(|user| user.memberships.len() == 1));
        assert_equals_copy(&directory, without_owner()).await;
    }

    #[tokio::test]
    async fn role_change_is_begun_again_after_a_seed_into_an_empty_directory() {
        let empty = directory(0);
        let mut change = empty.begin_role_change(without_owner());
        change.advance();
        let line = r#"{"email":"a@a.test","tenants":{"acme":"owner"}}"#;
        empty.load_seed(line.as_bytes()).unwrap();
        assert!(matches!(empty.finish_role_change(change), RoleChangeOutcome::Lost));
        assert_eq!(users(&empty).await.len(), 1);
        empty.set_roles(&without_owner());
        assert_eq!(users(&empty).await, []);
    }

    #[test]
    fn dropped_role_change_records_no_more() {
        let directory = directory(1);
        let change = directory.begin_role_change(without_owner());
        let log = Arc::downgrade(change.log());
        drop(change);
        assert!(directory.edit(&"0".parse().unwrap(), |user| user.blocked = true));
        assert!(log.upgrade().is_none());
    }
}
