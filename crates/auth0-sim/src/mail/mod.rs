//! E-mails with links, and the endpoints that send them.

pub(crate) mod change_password;
pub(crate) mod jobs;
pub(crate) mod link_pages;
pub(crate) mod links;
pub(crate) mod outbox;
pub(crate) mod ticket_endpoints;
pub(crate) mod tickets;
