//! Requests, responses and errors, and what most handlers do with them.

pub(crate) mod error;
pub(crate) mod id_list;
pub(crate) mod paging;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod validation;
