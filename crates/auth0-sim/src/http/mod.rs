//! Requests, responses, errors, and what handlers share: validation and paging.

pub(crate) mod error;
pub(crate) mod id_list;
pub(crate) mod paging;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod validation;
