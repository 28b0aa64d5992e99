//! Settings: compiled-in defaults, overridden by a TOML file, overridden by environment variables.
//! Variables of OpenTelemetry are a layer of their own, between the defaults and the file.
//!
//! They are read and converted to types once, at startup and on each reload. An invalid value
//! stops the start, with an error that names its key. All errors are reported at once. No other module reads the environment.

mod bounds;
mod convert;
mod database;
mod defaults;
mod directory;
mod environment;
mod error;
mod frozen;
mod http;
mod issuers;
mod layers;
mod load;
mod model;
mod opentelemetry;
mod raw;
mod raw_auth;
mod raw_database;
mod reference;
mod schema;
mod secret;
mod shape;
mod source;
mod strict;
mod suggestion;
mod warnings;

pub use error::InvalidSettings;
pub(crate) use frozen::FrozenSections;
pub use layers::state_folder;
pub(crate) use load::ignored_variables;
pub use load::{load, load_defaults, load_development, load_http, load_lenient};
pub use model::{
    Auth0Settings, DatabaseSettings, DirectorySettings, HttpSettings, Invite, LogFormat,
    LogSettings, ReloadSettings, Settings, TraceSettings,
};
pub use reference::{Section, Setting, sections};
pub use schema::schema;
pub(crate) use source::FileDigests;
pub use source::{Baseline, Draft, Source};
