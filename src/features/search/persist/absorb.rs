//! Absorbing.

/// Milliseconds after which a writer that has not published is taken for dead.
pub const DEAD: u64 = 60 * 60 * 1_000;
