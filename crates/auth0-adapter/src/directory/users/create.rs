//! Creates accounts.

use aws_lc_rs::rand;
use domain::{CredentialStamp, Membership, NewUser, StampUpdate, TenantScope, User, UserId};
use ports::{BoxError, Conflict, PortError, PortResult};

use super::account_reader::placeholder_username;
use super::accounts_by_email::with_email;
use super::username_support::UsernameSupport;
use crate::config::Invite;
use crate::digest::digest;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::directory::random_password::random_password;
use crate::management::app_metadata::MetadataPatch;
use crate::management::error::{Auth0Error, CreateError};
use crate::management::wire;

/// The outcome of creating an account.
pub(super) enum CreateOutcome {
    /// It was created.
    Created(Box<User>),
    /// Another account has the address.
    EmailTaken,
}

impl DirectoryCore {
    pub(crate) async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        scope.authorize_grant(&new.role)?;
        let _held = self.lock([LockKey::Address(new.email.clone())]).await?;
        if self.is_taken_elsewhere(&new.email, None).await? {
            return Err(Conflict::EmailTaken.into());
        }
        match self.create_account(scope, new).await? {
            CreateOutcome::Created(user) => Ok(*user),
            CreateOutcome::EmailTaken => Err(Conflict::EmailTaken.into()),
        }
    }

    /// Creates an account whose home is the scope's tenant.
    pub(super) async fn create_account(
        &self,
        scope: &TenantScope,
        new: NewUser,
    ) -> PortResult<CreateOutcome> {
        let id = RandomId::new()?;
        // Nobody knows the id yet, but whoever finds the account by its address waits until the
        // creation is recorded.
        let keys = [LockKey::Account(id.user_id.clone())];
        let (_held, scope) = self.begin_in_tenant(scope, keys).await?;
        scope.authorize_grant(&new.role)?;
        let invited = new.password.is_none() && !new.service_user;
        let outcome = match self.send_create(&scope, new.clone(), &id).await {
            Ok(response) => {
                CreateOutcome::Created(self.record_write(&id.user_id, None, response)?.into())
            }
            Err(CreateError::NotCreated(Auth0Error::EmailTaken)) => CreateOutcome::EmailTaken,
            Err(CreateError::NotCreated(error)) => return Err(error.into()),
            Err(CreateError::OutcomeUnknown(error)) => {
                self.scans.forget([scope.tenant()]);
                self.recover_created(&new, &id, error).await?
            }
        };
        if let CreateOutcome::Created(user) = &outcome
            && invited
        {
            self.mail_new_user(user).await;
        }
        Ok(outcome)
    }

    /// Sends the account, and learns whether the connection supports usernames.
    async fn send_create(
        &self,
        scope: &TenantScope,
        new: NewUser,
        id: &RandomId,
    ) -> Result<wire::Auth0User<'static>, CreateError> {
        let is_given = new.password.is_some();
        let password = match new.password {
            Some(password) => password,
            None => random_password()
                .map_err(|error| CreateError::NotCreated(Auth0Error::NotPerformed(error)))?,
        };
        let attachment = self
            .new_attachment(new.email.clone())
            .map_err(|error| CreateError::NotCreated(Auth0Error::NotPerformed(error)))?;
        let membership =
            Membership { attachment: Some(Box::new(attachment)), ..Membership::new(new.role) };
        let (prefix, home) = (self.reader.prefix(), scope.tenant());
        let stamp = if is_given && scope.leaves_stamp() {
            let at = self.directory_now();
            StampUpdate::Set(CredentialStamp { at, by: Some(home.clone()), sets_address: false })
        } else {
            StampUpdate::Keep
        };
        let metadata = MetadataPatch::default()
            .account(prefix, Some(home), new.service_user)
            .first_membership(prefix, home, &membership)
            .stamp(prefix, &stamp);
        let text = |name: Option<&str>| name.map(str::to_owned);
        let mut account = wire::CreateUserBody {
            connection: self.connection.clone(),
            user_id: id.local_part.clone(),
            email: new.email.as_str().to_owned(),
            email_verified: false,
            verify_email: self.verify_email,
            username: None,
            name: text(new.display_name.as_ref().map(domain::DisplayName::as_str)),
            given_name: text(new.given_name.as_ref().map(domain::PersonName::as_str)),
            family_name: text(new.family_name.as_ref().map(domain::PersonName::as_str)),
            password,
            app_metadata: metadata.into_map().unwrap_or_default(),
        };
        // A connection supports, lacks or requires usernames; what it reports is cached.
        let mut remaining_retries = 2;
        loop {
            let username = match self.username_support.get() {
                UsernameSupport::Unknown => new.username.clone(),
                UsernameSupport::Unsupported => None,
                UsernameSupport::Required => {
                    new.username.clone().or_else(|| Some(placeholder_username(&id.user_id)))
                }
            };
            account.username = username.map(|name| name.as_str().to_owned());
            let learned = match self.management.create(&account).await {
                Err(CreateError::NotCreated(Auth0Error::NoUsernames))
                    if account.username.is_some() =>
                {
                    UsernameSupport::Unsupported
                }
                Err(CreateError::NotCreated(Auth0Error::UsernameRequired))
                    if account.username.is_none() =>
                {
                    UsernameSupport::Required
                }
                result => return result,
            };
            if remaining_retries == 0 {
                let error = Auth0Error::NotPerformed(PortError::Failed {
                    source: BoxError::from(ContradictoryUsernameRules),
                });
                return Err(CreateError::NotCreated(error));
            }
            remaining_retries -= 1;
            self.username_support.set(learned);
        }
    }

    /// Finds out whether an account was created, after the response was lost.
    ///
    /// Lookup by address is immediately consistent; the account is recognised by its id, which is
    /// unique.
    async fn recover_created(
        &self,
        new: &NewUser,
        id: &RandomId,
        lost: Auth0Error,
    ) -> PortResult<CreateOutcome> {
        let found = match self.management.users_by_email(&new.email).await {
            Ok(found) => found,
            Err(error) => {
                let error = PortError::from(error);
                tracing::warn!(
                    account = digest(id.user_id.as_str()),
                    %error,
                    "outcome of creating an account is unknown"
                );
                return Err(lost.into());
            }
        };
        let mut found: Vec<_> = with_email(found, &new.email).collect();
        if let Some(position) = found.iter().position(|user| user.user_id == id.user_id.as_str()) {
            let user = found.swap_remove(position);
            return Ok(CreateOutcome::Created(self.record_write(&id.user_id, None, user)?.into()));
        }
        // In another connection the same address may belong to another account.
        if found.iter().any(|user| user.identities.are_of(&self.connection)) {
            Ok(CreateOutcome::EmailTaken)
        } else {
            Err(lost.into())
        }
    }

    /// Requests the invitation e-mail if configured. The account stays in any case.
    async fn mail_new_user(&self, user: &User) {
        if self.invite == Invite::ResetEmail
            && let Err(error) = self.management.send_reset_mail(&self.connection, &user.email).await
        {
            let error = PortError::from(error);
            let account = digest(user.id.as_str());
            tracing::warn!(account, %error, "invitation e-mail was not sent");
        }
    }
}

/// The connection both requires and rejects usernames.
#[derive(Debug, thiserror::Error)]
#[error("the connection both requires and rejects a username")]
struct ContradictoryUsernameRules;

/// The id of an account to create: formed like Auth0's own, but known in advance.
struct RandomId {
    /// The part that is sent, to which Auth0 adds the provider.
    local_part: String,
    /// The complete id.
    user_id: UserId,
}

impl RandomId {
    fn new() -> PortResult<Self> {
        let failed = |source: BoxError| PortError::Failed { source };
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|source| failed(source.into()))?;
        let local_part = format!("{:024x}", u128::from_be_bytes(bytes) >> 32);
        let user_id = format!("auth0|{local_part}").parse();
        let user_id = user_id.map_err(|source: domain::InvalidUserId| failed(source.into()))?;
        Ok(Self { local_part, user_id })
    }
}
