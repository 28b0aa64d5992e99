//! What all values with a text form have in common.

/// Implements `as_str`, `AsRef<str>` and `TryFrom<&str>` for a value around a text.
///
/// Parsing stays in `FromStr`. Identifiers have `Display`; personal data has none, and its `Debug`
/// hides it, so that it cannot reach a log by accident.
macro_rules! text_value {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("Returns ", $what, " as text.")]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        $crate::text_value::parse_from_str!($name);
    };
}

/// Implements `TryFrom<&str>` by `FromStr`.
macro_rules! parse_from_str {
    ($name:ident) => {
        impl TryFrom<&str> for $name {
            type Error = <Self as std::str::FromStr>::Err;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

/// Implements `Debug` that hides the value.
macro_rules! hidden_debug {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

/// Implements `Display` and a `Debug` that shows the identifier.
macro_rules! identifier_format {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

pub(crate) use {hidden_debug, identifier_format, parse_from_str, text_value};
