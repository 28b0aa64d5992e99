//! Key sets of token issuers, fetched over HTTP: OpenID Connect discovery and JWKS.
