//! Parts of a response: links, and errors in the format of the contract that the path belongs to.

pub(crate) mod api_error;
pub(crate) mod code;
pub(crate) mod contract;
pub(crate) mod error_response;
pub(crate) mod field_error;
pub(crate) mod json;
mod json_writer;
pub mod links;
pub(crate) mod problem;
