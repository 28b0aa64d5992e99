//! Auth0's rate limits: token buckets, evaluated globally first and then for an endpoint.
//!
//! Documented: the buckets, their order, the three headers, the figures of the plans, and that the
//! Authentication API has separate limits. Observed: the body of a 429. Assumed: an endpoint's
//! headers describe its own bucket if it has one and the global one otherwise; a limit per minute
//! is refilled proportionally each second; an endpoint's 429 has the same text as a global one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::http::error::ApiError;

/// The rate limits of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// The burst of requests to the Management API. 0 means no global limit.
    pub global_burst: u64,
    /// The refill per second.
    pub global_per_second: u64,
    /// The limits of endpoints of the Management API.
    pub endpoints: Vec<EndpointLimit>,
    /// The limit of the Authentication API, if it has one.
    pub authentication: Option<Bucket>,
    /// Whether a 429 has `Retry-After`. Auth0 documents it for one endpoint only.
    pub retry_after_header: bool,
}

/// The size and refill of a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The capacity.
    pub burst: u64,
    /// The refill per minute.
    pub per_minute: u64,
}

/// A bucket that several routes share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointLimit {
    /// The name of the policy.
    pub name: String,
    /// The routes, as named by [`Control::calls`](crate::Control::calls).
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
    /// Returns the limits of the free plan.
    pub fn free() -> Self {
        Self {
            global_burst: 2,
            global_per_second: 2,
            endpoints: Vec::new(),
            authentication: Some(Bucket { burst: 300, per_minute: 300 }),
            retry_after_header: false,
        }
    }

    /// Returns the limits on users of a self-service plan (Essentials, Professional).
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

    /// Returns the limits of the enterprise plan in production.
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

/// The values of the rate limit headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// When the next token is added, in seconds since 1970.
    pub(crate) reset: i64,
    /// Whether the request is allowed.
    pub(crate) is_allowed: bool,
}

/// The current levels of the buckets.
#[derive(Default)]
pub(crate) struct RateLimiter(HashMap<String, BucketLevel>);

/// A level in thousandths of a token, and the second at which it was computed.
struct BucketLevel {
    millitokens: u64,
    second: i64,
}

impl RateLimiter {
    /// Takes a token for a request. Returns `None` if no limit covers the route.
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

/// Returns the response to a rate-limited request.
pub(crate) fn too_many_requests(is_management: bool) -> ApiError {
    if is_management {
        ApiError::new(429, "Global limit has been reached", "too_many_requests")
    } else {
        ApiError::oauth(429, "too_many_requests", "Global limit has been reached")
    }
}
