//! Public URLs of the service, and links between pages.

use std::fmt;
use std::str::FromStr;

use domain::{TenantId, UserId};
use form_urlencoded::Serializer;
use thiserror::Error;
use url::Url;

use crate::request::path::{encode_segment, reencode_segment};
use crate::request::query::{FILTER_TENANT, ListParameters, PAGE_NUMBER, PAGE_SIZE, SORT};

/// The base URL of the service for clients: scheme, host, and the path before `/api`, if any.
///
/// A proxy removes the path: the service itself never sees it in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    /// Empty, or with a slash at its start and none at its end.
    path: String,
}

/// The error about a text that is not a [`PublicUrl`].
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
        let base = || Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().trim_end_matches('/').to_owned(),
        };
        plain.then(base).ok_or(InvalidPublicUrl)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl PublicUrl {
    /// Returns scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the path before `/api`; empty if there is none.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the URL of the list of a tenant's users in contract A.
    pub fn tenant_users(&self, tenant: &TenantId) -> String {
        self.join(["/api/", tenant.as_str(), "/admin/users"])
    }

    /// Returns the URL of one of a tenant's users in contract A.
    pub fn tenant_user(&self, tenant: &TenantId, id: &UserId) -> String {
        self.join(["/api/", tenant.as_str(), "/admin/users/", &encode_segment(id)])
    }

    /// Returns the URL of the list of users in contract B.
    pub fn users(&self) -> String {
        self.join(["/api/v1/users"])
    }

    /// Returns the URL of one user in contract B.
    pub fn user(&self, id: &UserId) -> String {
        self.join(["/api/v1/users/", &encode_segment(id)])
    }

    /// Returns the URL of the operation that succeeds the deprecated password change in contract B,
    /// for the user in this segment of the request's path.
    pub fn change_password_v2(&self, segment: &str) -> String {
        self.join(["/api/v2/users/", &reencode_segment(segment), "/change-password"])
    }

    /// Returns the URL with these parts of a path behind it.
    fn join<const N: usize>(&self, parts: [&str; N]) -> String {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut url = String::with_capacity(self.origin.len() + self.path.len() + length);
        url.push_str(&self.origin);
        url.push_str(&self.path);
        url.extend(parts);
        url
    }
}

/// The links from one page to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageLinks {
    /// Page 0.
    pub(crate) first: String,
    /// The last page with users; page 0 of an empty list.
    pub(crate) last: String,
    /// The next page, if there is one.
    pub(crate) next: Option<String>,
    /// The previous page, or the last one if this page is past the end.
    pub(crate) prev: Option<String>,
    /// The number of pages.
    pub(crate) pages: u64,
}

impl PageLinks {
    /// Returns the links of the requested page of a list with `total` users at `address`.
    pub(crate) fn new(address: &str, query: &ListParameters, total: u64) -> Self {
        let page_request = query.page_request();
        let last = page_request.last_page(total);
        let urls = PageUrls::new(address, query);
        let url = |number: u64| urls.of(number);
        Self {
            first: url(0),
            last: url(last),
            next: (page_request.number < last).then(|| url(page_request.number.saturating_add(1))),
            prev: page_request.number.checked_sub(1).map(|before| url(before.min(last))),
            pages: last.saturating_add(1),
        }
    }

    /// Returns the links of an unpaged list at `address`, which is its own first and last page.
    pub(crate) fn unpaged(address: &str, query: &ListParameters) -> Self {
        let itself = unpaged_url(address, query);
        Self { first: itself.clone(), last: itself, next: None, prev: None, pages: 1 }
    }

    /// Returns the value of a `Link` header (RFC 8288 §3).
    pub(crate) fn link_header(&self) -> String {
        let all = [
            ("first", Some(&self.first)),
            ("prev", self.prev.as_ref()),
            ("next", self.next.as_ref()),
            ("last", Some(&self.last)),
        ];
        let mut header = String::with_capacity(4 * (self.last.len() + 24));
        for (rel, url) in all {
            let Some(url) = url else { continue };
            let separator = if header.is_empty() { "" } else { ", " };
            header.extend([separator, "<", url, ">; rel=\"", rel, "\""]);
        }
        header
    }
}

/// Returns the URL of the list with the same parameters, without a page.
fn unpaged_url(address: &str, query: &ListParameters) -> String {
    let mut parameters = Serializer::for_suffix(format!("{address}?"), address.len() + 1);
    append_list(&mut parameters, query);
    parameters.finish()
}

fn append_list(parameters: &mut Serializer<'_, String>, query: &ListParameters) {
    if let Some(tenant) = &query.tenant {
        parameters.append_pair(FILTER_TENANT, tenant.as_str());
    }
    if let Some(sort) = query.sort {
        parameters.append_pair(SORT, &sort.to_string());
    }
}

/// The URLs of the pages of a list, which differ in the page number only.
struct PageUrls {
    before_number: String,
    after_number: String,
}

impl PageUrls {
    fn new(address: &str, query: &ListParameters) -> Self {
        let mut parameters = Serializer::for_suffix(format!("{address}?"), address.len() + 1);
        append_list(&mut parameters, query);
        parameters.append_pair(PAGE_NUMBER, "");
        let mut size = Serializer::new(String::new());
        size.append_pair(PAGE_SIZE, &query.page_request().size.to_string());
        Self { before_number: parameters.finish(), after_number: size.finish() }
    }

    fn of(&self, number: u64) -> String {
        let Self { before_number, after_number } = self;
        [before_number, itoa::Buffer::new().format(number), "&", after_number].concat()
    }
}
