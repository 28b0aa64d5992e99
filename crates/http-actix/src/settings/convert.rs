//! Converts raw settings to types, and checks them.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use application::AttemptLimit;
use domain::{Access, AccountRules, AttachRule, ForeignProfile, RoleCatalogue, RoleDefinition};
use token_verifier::{KeyCacheSettings, VerifierSettings};

use super::bounds::{at_most, in_range, nonzero, positive};
use super::directory::directory;
use super::error::{Errors, InvalidSettings};
use super::http::http;
use super::issuers::issuers;
use super::layers::variable;
use super::model::{LogFormat, LogSettings, ReloadSettings, Settings, TraceSettings};
use super::opentelemetry::OpenTelemetry;
use super::raw::{self, Raw};
use crate::protection::settings::{LimitSettings, OverloadSettings};

/// Converts settings that must trust at least one issuer: without one, every request fails.
pub(super) fn convert_with_issuers(
    raw: Raw,
    folder: Option<&Path>,
    errors: &mut Errors,
) -> Settings {
    if raw.auth.issuers.is_empty() {
        let reason = "must have at least one issuer; `usher serve --dev` has its own";
        errors.add(InvalidSettings::value("auth.issuers", reason));
    }
    convert(raw, folder, errors)
}

/// Converts settings; paths in them are relative to `folder`. If there are errors, placeholders
/// stand for the invalid values.
pub(super) fn convert(raw: Raw, folder: Option<&Path>, errors: &mut Errors) -> Settings {
    let request_timeout_ms = raw.http.request_timeout_ms;
    let has_database = raw.database.url.is_some() || raw.database.url_file.is_some();
    let has_unused_database = has_database && raw.directory.adapter != "postgres";
    Settings {
        http: http(raw.http, errors),
        log: log(raw.log, errors),
        directory: directory(raw.directory, raw.database, request_timeout_ms, folder, errors),
        has_unused_database,
        auth: auth(&raw.auth, request_timeout_ms, errors),
        issuers: issuers(raw.auth.issuers, &raw.auth.known_tenants, errors),
        accounts: accounts(&raw.accounts),
        attempts: attempts(&raw.passwords, errors),
        limits: LimitSettings {
            writes: NonZeroU32::new(raw.limits.writes_per_minute),
            password_checks: NonZeroU32::new(raw.limits.password_checks_per_minute),
            reads: NonZeroU32::new(raw.limits.reads_per_minute),
        },
        overload: overload(&raw.overload, errors),
        reload: ReloadSettings {
            interval: Some(
                errors.millis_at_most_an_hour("reload.interval_ms", raw.reload.interval_ms),
            )
            .filter(|interval| !interval.is_zero()),
        },
        traces: traces(raw.traces, errors),
        roles: Arc::new(roles(raw.roles, errors)),
    }
}

fn accounts(raw: &raw::Accounts) -> AccountRules {
    AccountRules {
        attach: match raw.attach.as_str() {
            "any" => AttachRule::Any,
            _ => AttachRule::Verified,
        },
        foreign_profile: match raw.foreign_profile.as_str() {
            "hidden" => ForeignProfile::Hidden,
            _ => ForeignProfile::Shown,
        },
    }
}

fn attempts(raw: &raw::Passwords, errors: &mut Errors) -> AttemptLimit {
    AttemptLimit {
        wrong: errors.check_or_default(nonzero("passwords.max_wrong", raw.max_wrong)),
        wrong_per_account: errors.check_or_default(nonzero(
            "passwords.max_wrong_per_account",
            raw.max_wrong_per_account,
        )),
        window: errors.check_or_default(positive("passwords.window_ms", raw.window_ms)),
    }
}

fn auth(raw: &raw::Auth, request_timeout_ms: u64, errors: &mut Errors) -> VerifierSettings {
    let mut positive = |key, millis| errors.check_or_default(positive(key, millis));
    VerifierSettings {
        max_lifetime: positive("auth.max_token_lifetime_ms", raw.max_token_lifetime_ms),
        key_wait: Duration::from_millis(request_timeout_ms / 2),
        keys: KeyCacheSettings {
            cooldown: positive("auth.key_cooldown_ms", raw.key_cooldown_ms),
            refresh: positive("auth.key_refresh_ms", raw.key_refresh_ms),
            stale_bound: positive("auth.key_stale_ms", raw.key_stale_ms),
        },
        // RFC 7519 §4.1.4: "usually no more than a few minutes".
        leeway: Duration::from_millis(errors.check_or_default(at_most(
            "auth.leeway_ms",
            raw.leeway_ms,
            60_000,
        ))),
        max_token_bytes: errors.check_or_default(in_range(
            "auth.max_token_bytes",
            raw.max_token_bytes,
            65_536,
        )),
        cached_tokens: errors.check_or_default(in_range(
            "auth.cached_tokens",
            raw.cached_tokens,
            1_000_000,
        )),
    }
}

fn overload(raw: &raw::Overload, errors: &mut Errors) -> OverloadSettings {
    let raw::Overload {
        max_concurrent,
        max_concurrent_per_tenant,
        max_queued,
        max_wait_ms,
        max_list_bytes,
    } = *raw;
    let mut limit = |key, number| errors.check_or_default(in_range(key, number, 100_000));
    OverloadSettings {
        concurrent: limit("overload.max_concurrent", max_concurrent),
        concurrent_per_tenant: limit(
            "overload.max_concurrent_per_tenant",
            max_concurrent_per_tenant,
        ),
        queued: errors.check_or_default(at_most("overload.max_queued", max_queued, 100_000)),
        wait: errors.millis_at_most_an_hour("overload.max_wait_ms", max_wait_ms),
        list_bytes: errors.check_or_default(in_range(
            "overload.max_list_bytes",
            max_list_bytes,
            1 << 40,
        )),
    }
}

fn traces(raw: raw::Traces, errors: &mut Errors) -> Option<TraceSettings> {
    let variables = OpenTelemetry(variable);
    let (timeout, max_queue_size) = (variables.export_timeout(), variables.max_queue_size());
    let otlp_endpoint = raw.otlp_endpoint.filter(|endpoint| !endpoint.is_empty())?;
    if raw.service_name.is_empty() {
        errors.add(InvalidSettings::value("traces.service_name", "must not be empty"));
    }
    Some(TraceSettings {
        otlp_endpoint,
        sample_ratio: raw.sample_ratio,
        service_name: raw.service_name,
        timeout,
        max_queue_size,
    })
}

fn log(raw: raw::Log, errors: &mut Errors) -> LogSettings {
    let format = match raw.format.as_str() {
        "json" => LogFormat::Json,
        _ => LogFormat::Text,
    };
    if tracing_subscriber::EnvFilter::try_new(&raw.filter).is_err() {
        // The error of the parser quotes the filter, or says nothing.
        let reason = "must be directives such as info or info,usher_http=debug";
        errors.add(InvalidSettings::value("log.filter", reason));
    }
    LogSettings { format, filter: raw.filter }
}

fn roles(raw: Vec<raw::Role>, errors: &mut Errors) -> RoleCatalogue {
    let mut definitions = Vec::with_capacity(raw.len());
    let count = raw.len();
    for (index, role) in raw.into_iter().enumerate() {
        let key = |field: &str| format!("roles[{index}].{field}");
        let access = role.may.iter().map(|access| access.parse::<Access>());
        let access = access
            .collect::<Result<_, _>>()
            .map_err(|error| InvalidSettings::value(key("may"), error));
        let name = role.name.parse().map_err(|error| InvalidSettings::value(key("name"), error));
        let (access, name) = (errors.check(access), errors.check(name));
        if let (Some(access), Some(name)) = (access, name) {
            let (protected, default) = (role.protected, role.default);
            definitions.push(RoleDefinition { access, name, protected, default });
        }
    }
    if definitions.len() < count {
        return RoleCatalogue::standard();
    }
    let catalogue =
        RoleCatalogue::new(definitions).map_err(|error| InvalidSettings::value("roles", error));
    errors.check(catalogue).unwrap_or_else(RoleCatalogue::standard)
}
