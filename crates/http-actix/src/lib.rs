//! The HTTP face of Usher and the binary usher: routes, tokens, settings, wiring.
