//! Query strings, read strictly: unknown parameters are errors.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::num::NonZeroU32;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::{PageRequest, Sort, SortField, TenantId};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::{FieldError, NOT_REPEATED, REQUIRED};

/// The parameter with the tenant whose users are listed.
pub(crate) const FILTER_TENANT: &str = "filter[tenant]";
/// The parameter with the page number, from 0.
pub(crate) const PAGE_NUMBER: &str = "page[number]";
/// The parameter with the page size.
pub(crate) const PAGE_SIZE: &str = "page[size]";
/// The parameter with the sort order.
pub(crate) const SORT: &str = "sort";
/// The parameter that overrides the rule about protected roles.
const FORCE: &str = "force";

/// The page size if the client gives none.
pub(crate) const DEFAULT_PAGE_SIZE: u32 = 50;
/// The largest page size.
pub(crate) const MAX_PAGE_SIZE: u32 = 100;

/// The maximum number of parameters, known or not.
const MAX_PARAMETERS: usize = 32;

const LIST_PARAMETERS: [&str; 4] = [FILTER_TENANT, PAGE_SIZE, SORT, PAGE_NUMBER];

/// The query string of a request, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryString(pub(crate) String);

impl FromRequest for QueryString {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.query_string().to_owned())))
    }
}

impl QueryString {
    /// Rejects all parameters, for operations that have none.
    pub(crate) fn expect_none(&self) -> Result<(), ApiError> {
        Parameters::read(&self.0, &[])?.finish(())
    }

    /// Reads the parameter that overrides the rule about protected roles, the only one.
    pub(crate) fn force(&self) -> Result<bool, ApiError> {
        let mut parameters = Parameters::read(&self.0, &[FORCE])?;
        let force = parameters.parse(FORCE, |text| {
            text.parse::<bool>().map_err(|_| "must be true or false".to_owned())
        });
        parameters.finish(force.unwrap_or(false))
    }

    /// Reads the parameters of a list.
    pub(crate) fn list(&self) -> Result<ListParameters, ApiError> {
        ListParameters::read(&self.0, &[])
    }

    /// Reads the parameters of a list, and the tenant, which is required.
    pub(crate) fn list_of_tenant(&self) -> Result<(TenantId, ListParameters), ApiError> {
        let list = ListParameters::read(&self.0, &[FILTER_TENANT])?;
        let tenant = list.tenant.clone();
        let missing = || ApiError::from_fields(vec![parameter_error(FILTER_TENANT, REQUIRED)]);
        tenant.map(|tenant| (tenant, list)).ok_or_else(missing)
    }
}

/// The parameters of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListParameters {
    /// The tenant of `filter[tenant]`.
    pub(crate) tenant: Option<TenantId>,
    /// The sort order, if given.
    pub(crate) sort: Option<Sort>,
    number: Option<u64>,
    size: Option<NonZeroU32>,
}

impl ListParameters {
    fn read(query: &str, required: &[&'static str]) -> Result<Self, ApiError> {
        let mut parameters = Parameters::read(query, &LIST_PARAMETERS)?;
        let list = Self {
            tenant: parameters.parse(FILTER_TENANT, |text| {
                text.parse().map_err(|error: domain::InvalidTenantId| error.to_string())
            }),
            sort: parameters.parse(SORT, |text| {
                text.parse().map_err(|error: domain::InvalidSort| error.to_string())
            }),
            number: parameters.parse(PAGE_NUMBER, |text| {
                whole_number(text).ok_or_else(|| "must be a whole number from 0".to_owned())
            }),
            size: parameters.parse(PAGE_SIZE, |text| {
                whole_number(text)
                    .and_then(|size| u32::try_from(size).ok())
                    .filter(|size| *size <= MAX_PAGE_SIZE)
                    .and_then(NonZeroU32::new)
                    .ok_or_else(|| format!("must be a whole number from 1 to {MAX_PAGE_SIZE}"))
            }),
        };
        parameters.require(required);
        parameters.finish(list)
    }

    /// Returns whether no parameter is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.sort.is_none() && !self.is_paged()
    }

    /// Returns whether the client requests a page.
    pub(crate) fn is_paged(&self) -> bool {
        self.number.is_some() || self.size.is_some()
    }

    /// Returns the page, with defaults for what is not given.
    pub(crate) fn page_request(&self) -> PageRequest {
        let default = NonZeroU32::new(DEFAULT_PAGE_SIZE).unwrap_or(NonZeroU32::MIN);
        PageRequest { number: self.number.unwrap_or(0), size: self.size.unwrap_or(default) }
    }

    /// Returns the sort order, or the default one.
    pub(crate) fn sort(&self) -> Sort {
        self.sort.unwrap_or_default()
    }
}

fn whole_number(text: &str) -> Option<u64> {
    // `u64::from_str` accepts a leading plus sign.
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// The known parameters of a query string by name, and the errors found so far.
#[derive(Debug)]
struct Parameters<'a> {
    given: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    errors: Vec<FieldError>,
}

impl<'a> Parameters<'a> {
    /// Reads the parameters and records an error for each that is unknown or repeated.
    fn read(query: &'a str, known: &[&str]) -> Result<Self, ApiError> {
        let mut parameters = Self { given: Vec::new(), errors: Vec::new() };
        for (index, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            // Every wrong parameter is listed, so the limit also bounds the size of the response.
            if index >= MAX_PARAMETERS {
                let detail = format!("The query must have at most {MAX_PARAMETERS} parameters.");
                return Err(ApiError::new(ErrorCode::MalformedRequest, detail));
            }
            if !known.contains(&name.as_ref()) {
                parameters.errors.push(FieldError::parameter(
                    printable(&name),
                    ErrorCode::UnknownParameter,
                    "is not a parameter of this operation",
                ));
            } else if parameters.given.iter().any(|(given, _)| *given == name) {
                parameters.errors.push(parameter_error(printable(&name), NOT_REPEATED));
            } else {
                parameters.given.push((name, value));
            }
        }
        Ok(parameters)
    }

    /// Parses the value of a parameter, unless an error has been recorded for it already.
    fn parse<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.errors.iter().any(|error| error.name() == Some(name)) {
            return None;
        }
        let (_, text) = self.given.iter().find(|(given, _)| given == name)?;
        parse(text).map_err(|error| self.errors.push(parameter_error(name, &error))).ok()
    }

    /// Records an error for each required parameter that is not given.
    fn require(&mut self, required: &[&'static str]) {
        for name in required {
            if !self.given.iter().any(|(given, _)| given == name) {
                self.errors.push(parameter_error(*name, REQUIRED));
            }
        }
    }

    /// Returns the value, or the errors if there are any.
    fn finish<T>(self, value: T) -> Result<T, ApiError> {
        if self.errors.is_empty() { Ok(value) } else { Err(ApiError::from_fields(self.errors)) }
    }
}

fn parameter_error(name: impl Into<Cow<'static, str>>, predicate: &str) -> FieldError {
    FieldError::parameter(name, ErrorCode::MalformedRequest, predicate)
}

/// Returns a name from the request without control characters and with bounded length.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The schema of the sort orders of a list; [`Sort`] parses them.
#[derive(Debug)]
pub(crate) struct SortParameter;

impl PartialSchema for SortParameter {
    fn schema() -> RefOr<Schema> {
        let orders = || {
            let directions = |field| [false, true].map(|descending| Sort { field, descending });
            SortField::ALL.into_iter().flat_map(directions)
        };
        let variable_names: Vec<_> = orders().map(variable_name).collect();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(orders().map(|sort| sort.to_string())))
            .description(Some("A field to sort by; a leading `-` means descending."))
            .extensions(Some(
                ExtensionsBuilder::new().add("x-enum-varnames", variable_names).build(),
            ))
            .into()
    }
}

impl ToSchema for SortParameter {
    fn name() -> Cow<'static, str> {
        "Sort".into()
    }
}

/// Returns a name for generated clients, because `id` and `-id` would become the same identifier.
fn variable_name(sort: Sort) -> String {
    let (first, rest) = sort.field.as_str().split_at(1);
    let direction = if sort.descending { "Descending" } else { "" };
    format!("{}{rest}{direction}", first.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::response::links::PageLinks;

    fn any_parameter() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            Just(FILTER_TENANT.to_owned()),
            Just("filter%5Btenant%5D".to_owned()),
            Just(PAGE_NUMBER.to_owned()),
            Just(PAGE_SIZE.to_owned()),
            Just(SORT.to_owned()),
            "\\PC{0,12}",
        ];
        let value = prop_oneof!["[0-9]{0,22}", "-?[a-zA-Z]{0,9}", "[a-z0-9-]{1,9}", "\\PC{0,12}"];
        (name, value).prop_map(|(name, value)| format!("{name}={value}"))
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_rejected_with_parameter_names(
            parameters in prop::collection::vec(any_parameter(), 0..5),
        ) {
            if let Err(api_error) = ListParameters::read(&parameters.join("&"), &[]) {
                prop_assert_eq!(api_error.code().status().as_u16(), 400);
                prop_assert!(!api_error.field_errors().is_empty());
            }
        }

        #[test]
        fn links_lead_to_the_same_list(
            tenant in "[a-z0-9]{1,20}",
            sort in prop::option::of("-?(id|username|email|firstName|lastName|createdAt)"),
            number in 0_u64..1000,
            size in 1_u32..=MAX_PAGE_SIZE,
            total in 0_u64..100_000,
        ) {
            let sorted = sort.map(|sort| format!("&sort={sort}")).unwrap_or_default();
            let text = format!("filter[tenant]={tenant}&page[number]={number}&page[size]={size}{sorted}");
            let query = ListParameters::read(&text, &[]).unwrap();
            let links = PageLinks::new("https://usher.example.com/users", &query, total);
            for (link, page) in [(&links.first, 0), (&links.last, links.pages - 1)] {
                let (_, text) = link.split_once('?').unwrap();
                let linked = ListParameters::read(text, &[]).unwrap();
                prop_assert_eq!((&linked.tenant, linked.sort), (&query.tenant, query.sort));
                prop_assert_eq!(linked.page_request(), PageRequest { number: page, ..query.page_request() });
            }
        }
    }
}
