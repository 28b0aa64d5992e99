//! Accounts made.

use aws_lc_rs::rand;
use domain::{Membership, NewUser, TenantId, TenantScope, User, UserId};
use ports::{BoxError, Conflict, PortError, PortResult};

use super::account_reader::made_up_username;
use super::email_match::of_address;
use super::username_support::Usernames;
use crate::config::Invite;
use crate::directory::inner::Inner;
use crate::directory::lock_key::LockKey;
use crate::directory::random_password::random_password;
use crate::management::app_metadata::Entries;
use crate::management::error::{CreateFault, Fault};
use crate::management::wire;

/// What came of making an account.
pub(super) enum Made {
    /// It is there.
    Created(User),
    /// Another account has its address.
    Taken,
}

impl Inner {
    pub(crate) async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        scope.authorize_grant(&new.role)?;
        match self.make(scope.tenant(), new).await? {
            Made::Created(user) => Ok(user),
            Made::Taken => Err(Conflict::EmailTaken.into()),
        }
    }

    /// Makes an account at home in the tenant. Whether its role may be given has been asked.
    pub(super) async fn make(&self, home: &TenantId, new: NewUser) -> PortResult<Made> {
        let id = RandomId::new()?;
        // Nobody else knows the id yet, but whoever finds the account by its address has to wait
        // until its creation is remembered.
        let _held = self.lock([LockKey::Account(id.user_id.clone())]).await?;
        let invited = new.password.is_none() && !new.service_user;
        let made = match self.post(home, new.clone(), &id).await {
            Ok(answer) => Made::Created(self.wrote(&id.user_id, None, answer)?),
            Err(CreateFault::Rejected(Fault::EmailTaken)) => Made::Taken,
            Err(CreateFault::Rejected(fault)) => return Err(fault.into()),
            Err(CreateFault::Lost(fault)) => self.find_lost(&new, &id, fault).await?,
        };
        if let Made::Created(user) = &made
            && invited
        {
            self.invite(user).await;
        }
        Ok(made)
    }

    /// Sends the account, and learns by the way whether the connection has usernames.
    async fn post(
        &self,
        home: &TenantId,
        new: NewUser,
        id: &RandomId,
    ) -> Result<wire::User, CreateFault> {
        let password = match new.password {
            Some(password) => password,
            None => random_password().map_err(|error| CreateFault::Rejected(Fault::Port(error)))?,
        };
        let membership = Membership { role: new.role, name: None };
        let prefix = self.readers.prefix();
        let entries = Entries::default().account(prefix, home, new.service_user).membership(
            prefix,
            home,
            Some(&membership),
        );
        let text = |name: Option<&str>| name.map(str::to_owned);
        let mut account = wire::NewUser {
            connection: self.connection.clone(),
            user_id: id.own.clone(),
            email: new.email.as_str().to_owned(),
            email_verified: false,
            verify_email: self.verify_email,
            username: None,
            name: text(new.display_name.as_ref().map(domain::DisplayName::as_str)),
            given_name: text(new.given_name.as_ref().map(domain::PersonName::as_str)),
            family_name: text(new.family_name.as_ref().map(domain::PersonName::as_str)),
            password,
            app_metadata: entries.into_map(),
        };
        // A connection has usernames, or has none, or must have them; what it says is remembered.
        let mut changes_of_mind = 2;
        loop {
            let username = match self.usernames.get() {
                Usernames::Untold => new.username.clone(),
                Usernames::None => None,
                Usernames::Required => {
                    new.username.clone().or_else(|| Some(made_up_username(&id.user_id)))
                }
            };
            account.username = username.map(|name| name.as_str().to_owned());
            let learnt = match self.management.create(&account).await {
                Err(CreateFault::Rejected(Fault::NoUsernames)) if account.username.is_some() => {
                    Usernames::None
                }
                Err(CreateFault::Rejected(Fault::UsernameRequired))
                    if account.username.is_none() =>
                {
                    Usernames::Required
                }
                result => return result,
            };
            if changes_of_mind == 0 {
                let fault = Fault::Port(PortError::Failed { source: BoxError::from(Fickle) });
                return Err(CreateFault::Rejected(fault));
            }
            changes_of_mind -= 1;
            self.usernames.set(learnt);
        }
    }

    /// Finds out whether an account was made, when the answer is lost.
    ///
    /// By address, Auth0 is never behind; the account is known by its id, which nobody else has.
    async fn find_lost(&self, new: &NewUser, id: &RandomId, lost: Fault) -> PortResult<Made> {
        let found = match self.management.users_by_email(&new.email).await {
            Ok(found) => found,
            Err(fault) => {
                let error = PortError::from(fault);
                tracing::warn!(
                    user_id = %id.user_id,
                    %error,
                    "whether an account was created is not known"
                );
                return Err(lost.into());
            }
        };
        let mut found: Vec<_> = of_address(found, &new.email).collect();
        if let Some(own) = found.iter().position(|user| user.user_id == id.user_id.as_str()) {
            let user = found.swap_remove(own);
            return Ok(Made::Created(self.wrote(&id.user_id, None, user)?));
        }
        // Elsewhere the same address may belong to an account of its own.
        if found.iter().any(|user| user.identities.are_of(&self.connection)) {
            Ok(Made::Taken)
        } else {
            Err(lost.into())
        }
    }

    /// Lets Auth0 send the person a link to set a password, if that is wanted. The account stands
    /// in any case.
    async fn invite(&self, user: &User) {
        if self.invite == Invite::ResetEmail
            && let Err(fault) = self.management.send_reset_mail(&user.email).await
        {
            let error = PortError::from(fault);
            tracing::warn!(user_id = %user.id, %error, "a mail to set a password was not sent");
        }
    }
}

/// The connection wants usernames and refuses them.
#[derive(Debug, thiserror::Error)]
#[error("the connection both refuses and requires a username")]
struct Fickle;

/// The id of an account to be made: like Auth0's own, but known before the answer.
struct RandomId {
    /// What is sent, and Auth0 puts the provider before.
    own: String,
    /// What Auth0 makes of it.
    user_id: UserId,
}

impl RandomId {
    fn new() -> PortResult<Self> {
        let failed = |source: BoxError| PortError::Failed { source };
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|source| failed(source.into()))?;
        let own = format!("{:024x}", u128::from_be_bytes(bytes) >> 32);
        let user_id = format!("auth0|{own}").parse();
        let user_id = user_id.map_err(|source: domain::InvalidUserId| failed(source.into()))?;
        Ok(Self { own, user_id })
    }
}
