//! The OpenAPI 3.1 document and the page that displays it.

pub mod document;
mod examples;
mod security;
pub(crate) mod served;
pub(crate) mod swagger_ui;

pub use document::{operations, text};
