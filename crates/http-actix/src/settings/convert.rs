//! Converts raw settings to types, and checks them.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use application::AttemptLimit;
use domain::{Access, AccountRules, AttachRule, ForeignProfile, RoleCatalogue, RoleDefinition};
use token_verifier::{KeyCacheSettings, VerifierSettings};

use super::bounds::{at_most, nonzero, positive};
use super::directory::directory;
use super::error::{InvalidSettings, SettingsResult};
use super::http::http;
use super::issuers::issuers;
use super::layers::variable;
use super::model::{LogFormat, LogSettings, ReloadSettings, Settings, TraceSettings};
use super::opentelemetry::OpenTelemetry;
use super::raw::{self, Raw};
use crate::protection::settings::{LimitSettings, OverloadSettings};

/// Converts settings that must trust at least one issuer: without one, every request fails.
pub(super) fn convert_with_issuers(raw: Raw, folder: Option<&Path>) -> SettingsResult<Settings> {
    if raw.auth.issuers.is_empty() {
        let reason = "must have at least one issuer; `usher serve --dev` has its own";
        return Err(InvalidSettings::value("auth.issuers", reason));
    }
    convert(raw, folder)
}

/// Converts settings; paths in them are relative to `folder`.
pub(super) fn convert(raw: Raw, folder: Option<&Path>) -> SettingsResult<Settings> {
    Ok(Settings {
        log: log(raw.log)?,
        directory: directory(raw.directory, raw.http.request_timeout_ms, folder)?,
        auth: auth(&raw.auth, raw.http.request_timeout_ms)?,
        http: http(raw.http)?,
        issuers: issuers(raw.auth.issuers)?,
        accounts: accounts(&raw.accounts)?,
        attempts: AttemptLimit {
            wrong: nonzero("passwords.max_wrong", raw.passwords.max_wrong)?,
            wrong_per_account: nonzero(
                "passwords.max_wrong_per_account",
                raw.passwords.max_wrong_per_account,
            )?,
            window: positive("passwords.window_ms", raw.passwords.window_ms)?,
        },
        limits: LimitSettings {
            writes: NonZeroU32::new(raw.limits.writes_per_minute),
            password_checks: NonZeroU32::new(raw.limits.password_checks_per_minute),
            reads: NonZeroU32::new(raw.limits.reads_per_minute),
        },
        overload: overload(&raw.overload)?,
        reload: ReloadSettings {
            interval: at_most("reload.interval_ms", raw.reload.interval_ms, 3_600_000)
                .map(Duration::from_millis)
                .map(|interval| Some(interval).filter(|interval| !interval.is_zero()))?,
        },
        traces: traces(raw.traces)?,
        roles: Arc::new(roles(raw.roles)?),
    })
}

fn accounts(raw: &raw::Accounts) -> SettingsResult<AccountRules> {
    let invalid = |key, reason| Err(InvalidSettings::value(key, reason));
    Ok(AccountRules {
        attach: match raw.attach.as_str() {
            "verified" => AttachRule::Verified,
            "any" => AttachRule::Any,
            _ => return invalid("accounts.attach", "must be verified or any"),
        },
        foreign_profile: match raw.foreign_profile.as_str() {
            "shown" => ForeignProfile::Shown,
            "hidden" => ForeignProfile::Hidden,
            _ => return invalid("accounts.foreign_profile", "must be shown or hidden"),
        },
    })
}

fn auth(raw: &raw::Auth, request_timeout_ms: u64) -> SettingsResult<VerifierSettings> {
    Ok(VerifierSettings {
        // RFC 7519 §4.1.4: "usually no more than a few minutes".
        leeway: Duration::from_millis(at_most("auth.leeway_ms", raw.leeway_ms, 60_000)?),
        max_lifetime: positive("auth.max_token_lifetime_ms", raw.max_token_lifetime_ms)?,
        key_wait: Duration::from_millis(request_timeout_ms / 2),
        keys: KeyCacheSettings {
            cooldown: positive("auth.key_cooldown_ms", raw.key_cooldown_ms)?,
            refresh: positive("auth.key_refresh_ms", raw.key_refresh_ms)?,
            stale_bound: positive("auth.key_stale_ms", raw.key_stale_ms)?,
        },
        cached_tokens: at_most(
            "auth.cached_tokens",
            nonzero("auth.cached_tokens", raw.cached_tokens)?,
            1_000_000,
        )?,
    })
}

fn overload(raw: &raw::Overload) -> SettingsResult<OverloadSettings> {
    let raw::Overload {
        max_concurrent,
        max_concurrent_per_tenant,
        max_queued,
        max_wait_ms,
        max_list_bytes,
    } = *raw;
    let limit = |key, number| at_most(key, nonzero(key, number)?, 100_000);
    Ok(OverloadSettings {
        concurrent: limit("overload.max_concurrent", max_concurrent)?,
        concurrent_per_tenant: limit(
            "overload.max_concurrent_per_tenant",
            max_concurrent_per_tenant,
        )?,
        queued: at_most("overload.max_queued", max_queued, 100_000)?,
        wait: at_most("overload.max_wait_ms", max_wait_ms, 3_600_000).map(Duration::from_millis)?,
        list_bytes: nonzero(
            "overload.max_list_bytes",
            at_most("overload.max_list_bytes", max_list_bytes, 1 << 40)?,
        )?,
    })
}

fn traces(raw: raw::Traces) -> SettingsResult<Option<TraceSettings>> {
    let variables = OpenTelemetry(variable);
    let (timeout, max_queue_size) = (variables.export_timeout(), variables.max_queue_size());
    let Some(otlp_endpoint) = raw.otlp_endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(None);
    };
    if raw.service_name.is_empty() {
        return Err(InvalidSettings::value("traces.service_name", "must not be empty"));
    }
    Ok(Some(TraceSettings {
        otlp_endpoint,
        sample_ratio: raw.sample_ratio,
        service_name: raw.service_name,
        timeout,
        max_queue_size,
    }))
}

fn log(raw: raw::Log) -> SettingsResult<LogSettings> {
    let format = match raw.format.as_str() {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return Err(InvalidSettings::value("log.format", "must be text or json")),
    };
    tracing_subscriber::EnvFilter::try_new(&raw.filter)
        .map_err(|error| InvalidSettings::value("log.filter", error))?;
    Ok(LogSettings { format, filter: raw.filter })
}

fn roles(raw: Vec<raw::Role>) -> SettingsResult<RoleCatalogue> {
    let mut definitions = Vec::with_capacity(raw.len());
    for (index, role) in raw.into_iter().enumerate() {
        let key = |field: &str| format!("roles[{index}].{field}");
        let access = role.may.iter().map(|access| match access.as_str() {
            "read" => Ok(Access::Read),
            "write" => Ok(Access::Write),
            _ => Err(InvalidSettings::value(key("may"), "must contain only read and write")),
        });
        definitions.push(RoleDefinition {
            access: access.collect::<SettingsResult<_>>()?,
            name: role.name.parse().map_err(|error| InvalidSettings::value(key("name"), error))?,
            protected: role.protected,
            default: role.default,
        });
    }
    RoleCatalogue::new(definitions).map_err(|error| InvalidSettings::value("roles", error))
}
