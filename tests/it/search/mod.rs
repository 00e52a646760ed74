//! Search by vectors: what is found is what a bare scan finds, to the bit.

mod binary;
mod bound;
mod cached;
mod compact;
mod data;
mod exact;
mod fixtures;
mod golden;
mod index_calls;
mod index_model;
mod index_reads;
mod index_support;
mod leaving;
mod masks;
mod outages;
mod pass;
mod persist_absorbed;
mod persist_codecs;
mod persist_costs;
mod persist_faults;
mod persist_takeover;
mod persist_writers;
mod sentences;
mod unfinished;
