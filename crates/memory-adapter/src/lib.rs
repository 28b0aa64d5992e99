//! The ports of Usher kept in memory: the embedded default and the reference for every other adapter.
