//! The compiled-in settings.

/// The defaults.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");
/// The defaults of development mode, over [`DEFAULTS`].
pub(super) const DEVELOPMENT: &str = include_str!("../../config/development.toml");
