//! Search by vectors: what is found is what a bare scan finds, to the bit.

mod bound;
mod data;
mod exact;
