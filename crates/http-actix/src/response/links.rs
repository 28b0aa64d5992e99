//! Addresses of this service, as clients reach it, and the links from page to page.

use std::fmt;
use std::str::FromStr;

use domain::{TenantId, UserId};
use form_urlencoded::Serializer;
use thiserror::Error;
use url::Url;

use crate::request::path::{escaped, segment};
use crate::request::query::{FILTER_TENANT, ListParameters, PAGE_NUMBER, PAGE_SIZE, SORT};

/// Where clients reach the service: scheme, host, and the path before `/api`, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a text is not a [`PublicUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an http or https URL without user, query and fragment")]
pub struct InvalidPublicUrl;

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| InvalidPublicUrl)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then(|| Self(url.as_str().trim_end_matches('/').to_owned())).ok_or(InvalidPublicUrl)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PublicUrl {
    /// The list of a tenant's users in contract A.
    pub fn tenant_users(&self, tenant: &TenantId) -> String {
        format!("{self}/api/{tenant}/admin/users")
    }

    /// One of a tenant's users in contract A.
    pub fn tenant_user(&self, tenant: &TenantId, id: &UserId) -> String {
        format!("{self}/api/{tenant}/admin/users/{}", segment(id))
    }

    /// The list of users in contract B.
    pub fn users(&self) -> String {
        format!("{self}/api/v1/users")
    }

    /// One user in contract B.
    pub fn user(&self, id: &UserId) -> String {
        format!("{self}/api/v1/users/{}", segment(id))
    }

    /// The change of a user's password that succeeds the deprecated one in contract B; the user is
    /// whoever the segment of the request's path names, if anybody.
    pub fn change_password_v2(&self, segment: &str) -> String {
        format!("{self}/api/v2/users/{}/change-password", escaped(segment))
    }
}

/// The links of one page to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageLinks {
    /// To page 0.
    pub(crate) first: String,
    /// To the last page that holds anything; to page 0 of an empty list.
    pub(crate) last: String,
    /// To the page after this one, if there is one.
    pub(crate) next: Option<String>,
    /// To the page before this one, or the last if this one is past the end.
    pub(crate) prev: Option<String>,
    /// How many pages there are.
    pub(crate) pages: u64,
}

impl PageLinks {
    /// The links of the page that `query` asks for, of a list of `total` users at `address`.
    pub(crate) fn new(address: &str, query: &ListParameters, total: u64) -> Self {
        let window = query.window();
        let last = window.last_page(total);
        let to = |number: u64| href(address, query, Some(number));
        Self {
            first: to(0),
            last: to(last),
            next: (window.number < last).then(|| to(window.number.saturating_add(1))),
            prev: window.number.checked_sub(1).map(|before| to(before.min(last))),
            pages: last.saturating_add(1),
        }
    }

    /// The links of a whole list at `address`: it is its own first and last page.
    pub(crate) fn whole(address: &str, query: &ListParameters) -> Self {
        let itself = href(address, query, None);
        Self { first: itself.clone(), last: itself, next: None, prev: None, pages: 1 }
    }

    /// The value of a `Link` header (RFC 8288 §3).
    pub(crate) fn header(&self) -> String {
        let all = [
            ("first", Some(&self.first)),
            ("prev", self.prev.as_ref()),
            ("next", self.next.as_ref()),
            ("last", Some(&self.last)),
        ];
        let link = |(rel, href): (_, Option<&String>)| Some(format!("<{}>; rel=\"{rel}\"", href?));
        all.into_iter().filter_map(link).collect::<Vec<_>>().join(", ")
    }
}

/// The same list with every parameter kept, at another page or whole.
fn href(address: &str, query: &ListParameters, number: Option<u64>) -> String {
    let mut parameters = Serializer::new(String::new());
    if let Some(tenant) = &query.tenant {
        parameters.append_pair(FILTER_TENANT, tenant.as_str());
    }
    if let Some(sort) = query.sort {
        parameters.append_pair(SORT, &sort.to_string());
    }
    if let Some(number) = number {
        parameters.append_pair(PAGE_NUMBER, &number.to_string());
        parameters.append_pair(PAGE_SIZE, &query.window().size.to_string());
    }
    format!("{address}?{}", parameters.finish())
}
