//! `usher token`

use clap::Args;
use domain::TenantId;
use ports::{Clock as _, SystemClock};

use super::output::{CommandResult, print};
use crate::process::dev_mode::{self, DevIssuer, DevKey, Grant};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Tenant that the token covers, such as the demo tenants acme and globex; repeatable
    #[arg(long, value_name = "TENANT", default_value = "acme")]
    tenant: Vec<TenantId>,
    /// Token of an operator, who covers every tenant
    #[arg(long, conflicts_with_all = ["tenant", "member"])]
    operator: bool,
    /// Token of a user of the directory, such as auth0|demo-adam, whose own roles
    /// count
    #[arg(long, value_name = "USER", conflicts_with_all = ["tenant", "sub"])]
    member: Option<String>,
    /// Scope of the back office API, such as `tenant.access:read`; repeatable. Without any --scope
    /// or --permission, the token has all of both
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Permission of the User Management API, such as `VIEW_USERS_AND_GROUPS`; repeatable
    #[arg(long, value_name = "PERMISSION")]
    permission: Vec<String>,
    /// User id in the token (`sub`); a user can change its own password
    #[arg(long, value_name = "USER", default_value = "auth0|developer")]
    sub: String,
    /// Lifetime of the token in seconds; at most 30 days, the maximum that the service accepts
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = lifetime)]
    ttl: u64,
}

/// Parses the value of `--ttl`, with an error that states what is allowed.
fn lifetime(text: &str) -> Result<u64, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= 2_592_000);
    seconds.ok_or("must be a number of seconds, at most 2592000")
}

pub(super) fn run(options: &Options) -> CommandResult {
    let file = dev_mode::key_file()
        .ok_or("HOME or XDG_STATE_HOME must be set, to locate the development key")?;
    let mut grant = Grant::all(options.tenant.clone(), options.ttl);
    grant.subject.clone_from(options.member.as_ref().unwrap_or(&options.sub));
    if options.operator {
        (grant.issuer, grant.tenants) = (DevIssuer::Operators, Vec::new());
    } else if options.member.is_some() {
        (grant.issuer, grant.tenants) = (DevIssuer::Members, Vec::new());
    }
    if !options.scope.is_empty() || !options.permission.is_empty() {
        grant.scopes.clone_from(&options.scope);
        grant.permissions.clone_from(&options.permission);
    }
    print(&DevKey::load_or_create(&file)?.sign(&grant, SystemClock.now())?)?;
    Ok(())
}
