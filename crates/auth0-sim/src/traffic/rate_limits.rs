//! Auth0's rate limits: token buckets, evaluated globally first and then for an endpoint.
//!
//! Documented: the buckets, their order, the three headers, the figures of the plans, and that the
//! Authentication API has limits of its own. Observed: the body of a 429.
//! Assumed: that an endpoint's headers tell of its own bucket if it has one and of the global one
//! otherwise; that a limit by the minute is refilled by its share each second, without which its
//! burst would be all there is; that an endpoint's 429 has the same text as a global one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::http::error::ApiError;

/// The rate limits of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// The most requests to the Management API at once; 0: no global limit.
    pub global_burst: u64,
    /// How many more each second brings.
    pub global_per_second: u64,
    /// The limits of endpoints of the Management API.
    pub endpoints: Vec<EndpointLimit>,
    /// The limit of the Authentication API, if it has one.
    pub authentication: Option<Bucket>,
    /// Whether a 429 has `Retry-After`. Auth0 documents it for one endpoint only.
    pub retry_after_header: bool,
}

/// A bucket and what flows into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// What it holds.
    pub burst: u64,
    /// What flows in within a minute.
    pub per_minute: u64,
}

/// A bucket that some routes share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointLimit {
    /// What the policy is called.
    pub name: String,
    /// The routes, named as [`Control::calls`](crate::Control::calls) names them.
    pub routes: Vec<String>,
    /// The bucket.
    pub bucket: Bucket,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::free()
    }
}

impl RateLimit {
    /// The free plan.
    pub fn free() -> Self {
        Self {
            global_burst: 2,
            global_per_second: 2,
            endpoints: Vec::new(),
            authentication: Some(Bucket { burst: 300, per_minute: 300 }),
            retry_after_header: false,
        }
    }

    /// A self-service plan (Essentials, Professional), as far as users go.
    pub fn self_service() -> Self {
        let endpoint = |name: &str, burst, per_minute, routes: &[&str]| EndpointLimit {
            name: name.to_owned(),
            routes: routes.iter().copied().map(str::to_owned).collect(),
            bucket: Bucket { burst, per_minute },
        };
        Self {
            global_burst: 0,
            global_per_second: 0,
            endpoints: vec![
                endpoint(
                    "read users",
                    40,
                    500,
                    &["GET /api/v2/users", "GET /api/v2/users/{id}", "GET /api/v2/users-by-email"],
                ),
                endpoint(
                    "write users",
                    20,
                    200,
                    &["POST /api/v2/users", "PATCH /api/v2/users/{id}"],
                ),
                endpoint("delete users", 20, 200, &["DELETE /api/v2/users/{id}"]),
            ],
            authentication: Some(Bucket { burst: 25, per_minute: 1_500 }),
            retry_after_header: false,
        }
    }

    /// The enterprise plan in production.
    pub fn enterprise() -> Self {
        Self {
            global_burst: 50,
            global_per_second: 16,
            endpoints: Vec::new(),
            authentication: Some(Bucket { burst: 100, per_minute: 6_000 }),
            retry_after_header: false,
        }
    }
}

/// What the headers of an answer tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// In seconds since 1970: when a token is next added.
    pub(crate) reset: i64,
    /// Whether the request may pass.
    pub(crate) is_allowed: bool,
}

/// The buckets as full as they are.
#[derive(Default)]
pub(crate) struct RateLimiter(HashMap<String, BucketLevel>);

/// Thousandths of a token, and the second in which they were counted.
struct BucketLevel {
    millitokens: u64,
    second: i64,
}

impl RateLimiter {
    /// Takes a token for a request; `None` if no limit is about it.
    pub(crate) fn take(
        &mut self,
        limit: &RateLimit,
        route: &str,
        is_management: bool,
        now: i64,
    ) -> Option<Quota> {
        if !is_management {
            return limit
                .authentication
                .map(|bucket| self.take_from_bucket("authentication", bucket, now));
        }
        let mut quota = None;
        if limit.global_burst > 0 {
            let per_minute = limit.global_per_second.saturating_mul(60);
            let bucket = Bucket { burst: limit.global_burst, per_minute };
            let global = self.take_from_bucket("global", bucket, now);
            if !global.is_allowed {
                return Some(global);
            }
            quota = Some(global);
        }
        let covers_route =
            |endpoint: &&EndpointLimit| endpoint.routes.iter().any(|one| one == route);
        if let Some(endpoint) = limit.endpoints.iter().find(covers_route) {
            let name = format!("endpoint {}", endpoint.name);
            quota = Some(self.take_from_bucket(&name, endpoint.bucket, now));
        }
        quota
    }

    fn take_from_bucket(&mut self, name: &str, bucket: Bucket, now: i64) -> Quota {
        let second = now.div_euclid(1_000);
        let full = bucket.burst.saturating_mul(1_000);
        let each_second = bucket.per_minute.saturating_mul(1_000) / 60;
        let level =
            self.0.entry(name.to_owned()).or_insert(BucketLevel { millitokens: full, second });
        let seconds = u64::try_from(second - level.second).unwrap_or(0);
        level.millitokens =
            level.millitokens.saturating_add(seconds.saturating_mul(each_second)).min(full);
        level.second = second;
        let is_allowed = level.millitokens >= 1_000;
        if is_allowed {
            level.millitokens -= 1_000;
        }
        let missing = 1_000 - level.millitokens % 1_000;
        let wait = missing.div_ceil(each_second.max(1)).max(1);
        Quota {
            limit: bucket.burst,
            remaining: level.millitokens / 1_000,
            reset: second.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)),
            is_allowed,
        }
    }
}

/// The answer to a request that must wait.
pub(crate) fn too_many_requests(is_management: bool) -> ApiError {
    if is_management {
        ApiError::new(429, "Global limit has been reached", "too_many_requests")
    } else {
        ApiError::oauth(429, "too_many_requests", "Global limit has been reached")
    }
}
