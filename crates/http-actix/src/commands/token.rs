//! `usher token`

use clap::Args;
use domain::TenantId;
use ports::{Clock as _, SystemClock};

use super::{CommandResult, print};
use crate::process::dev_mode::{DevKey, Grant};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A tenant that the token covers; may be given several times. acme and globex are the demo
    /// tenants.
    #[arg(long, value_name = "TENANT", default_value = "acme")]
    tenant: Vec<TenantId>,
    /// A scope of the back office's API, such as `tenant.access:read`; may be given several times.
    /// Without any --scope or --permission the token has all of both.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// A permission of the User Management API, such as `VIEW_USERS_AND_GROUPS`; may be given
    /// several times.
    #[arg(long, value_name = "PERMISSION")]
    permission: Vec<String>,
    /// Whose token it is: the id of an account, for changing its own password.
    #[arg(long, value_name = "USER", default_value = "auth0|developer")]
    sub: String,
    /// How long the token is good for, in seconds; at most 30 days, as the service takes them.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(..=2_592_000))]
    ttl: u64,
}

pub(super) fn run(options: &Options) -> CommandResult {
    let file =
        super::serve::key_file().ok_or("there is no folder to keep the development key in")?;
    let mut grant = Grant::everything(options.tenant.clone(), options.ttl);
    grant.subject.clone_from(&options.sub);
    if !options.scope.is_empty() || !options.permission.is_empty() {
        grant.scopes.clone_from(&options.scope);
        grant.permissions.clone_from(&options.permission);
    }
    print(&DevKey::kept_in(&file)?.mint(&grant, SystemClock.now())?)?;
    Ok(())
}
