//! Converts `[[auth.issuers]]`.

use domain::{SubjectKind, TenantId};
use token_verifier::{
    Algorithm, AmbiguousIssuers, Profile, TenantSource, TrustedIssuer, TrustedIssuers,
};

use super::error::{Errors, InvalidSettings, SettingsResult};
use super::raw;

/// Converts the issuers. Records an error of each invalid one.
pub(super) fn issuers(
    raw: Vec<raw::Issuer>,
    known_tenants: &[String],
    errors: &mut Errors,
) -> TrustedIssuers {
    let known = known_tenants.iter().enumerate().filter_map(|(index, label)| {
        let key = format!("auth.known_tenants[{index}]");
        errors.check(label.parse::<TenantId>().map_err(|error| InvalidSettings::value(key, error)))
    });
    let known_tenants = known.collect();
    let count = raw.len();
    let converted = raw.into_iter().enumerate();
    let converted = converted.filter_map(|(index, raw)| errors.check(issuer(index, raw)));
    let converted: Vec<_> = converted.collect();
    let is_complete = converted.len() == count;
    let issuers = TrustedIssuers::new(converted);
    // Without some of the issuers, the indices would be wrong.
    let ambiguous = issuers.ambiguous().filter(|_| is_complete);
    if let Some(AmbiguousIssuers { first, second, is_same }) = ambiguous {
        let reason = if is_same {
            format!("must differ from auth.issuers[{first}].issuer, which has the same audience")
        } else {
            format!("must not match the same names as auth.issuers[{first}].issuer")
        };
        errors.add(InvalidSettings::value(format!("auth.issuers[{second}].issuer"), reason));
    }
    issuers.with_known_tenants(known_tenants)
}

fn issuer(index: usize, raw: raw::Issuer) -> SettingsResult<TrustedIssuer> {
    let key = |field: &str| format!("auth.issuers[{index}].{field}");
    let tenants = tenant_source(raw.tenants).ok_or_else(|| {
        let reason = "must be \"issuer\", \"membership\", \"all\" or { claim = \"…\" }";
        InvalidSettings::value(key("tenants"), reason)
    })?;
    let algorithms = raw
        .algorithms
        .iter()
        .map(|name| name.parse::<Algorithm>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| InvalidSettings::value(key("algorithms"), error))?;
    let profile = raw
        .profile
        .map_or(Ok(Profile::Any), |name| name.parse())
        .map_err(|error| InvalidSettings::value(key("profile"), error))?;
    for (field, names) in
        [("scope_claims", &raw.scope_claims), ("permission_claims", &raw.permission_claims)]
    {
        if names.iter().any(String::is_empty) {
            return Err(InvalidSettings::value(key(field), "must not contain an empty name"));
        }
    }
    let jwks_uri = raw.jwks_uri.as_deref();
    let issuer = TrustedIssuer::new(&raw.issuer, jwks_uri, &raw.audience, &algorithms, tenants)
        .map_err(|error| InvalidSettings::value(key(error.field), error.reason))?;
    let issuer = match raw.subjects {
        None => issuer,
        Some(word) => {
            let subjects = subject_kind(&word).ok_or_else(|| {
                let reason = "must be \"accounts\", \"home\" or \"external\"";
                InvalidSettings::value(key("subjects"), reason)
            })?;
            issuer
                .with_subjects(subjects)
                .map_err(|error| InvalidSettings::value(key(error.field), error.reason))?
        }
    };
    Ok(issuer
        .with_profile(profile)
        .with_scope_claims(raw.scope_claims)
        .with_permission_claims(raw.permission_claims)
        .with_machine_clients(raw.machine_clients)
        .with_private_network(raw.private_network))
}

fn subject_kind(word: &str) -> Option<SubjectKind> {
    match word {
        "accounts" => Some(SubjectKind::Accounts),
        "home" => Some(SubjectKind::Home),
        "external" => Some(SubjectKind::External),
        _ => None,
    }
}

fn tenant_source(raw: raw::Tenants) -> Option<TenantSource> {
    match raw {
        raw::Tenants::Claim(claim) => match claim.into_iter().collect::<Vec<_>>().as_slice() {
            [(key, name)] if key == "claim" && !name.is_empty() => {
                Some(TenantSource::Claim(name.clone()))
            }
            _ => None,
        },
        raw::Tenants::Word(word) => match word.as_str() {
            "issuer" => Some(TenantSource::Issuer),
            "membership" => Some(TenantSource::Membership),
            "all" => Some(TenantSource::All),
            _ => None,
        },
    }
}
