//! How an index stands in a store, and why it stays whole.
//!
//! A store is any that has the four methods: get, set, delete, list. A set of one entry happens whole, at one moment
//! between its call and its answer, or, if there is no answer, at any later one, or never. Nothing else is asked: no batch is
//! taken to be atomic, and no entry is ever written on the condition that nobody else has written it.
//!
//! | module | what it is |
//! |---|---|
//! | [`format`](mod@format) | the entries, byte by byte |
//! | [`join`] | how a new writer becomes known: the directory |
//! | [`publish`] | how a writer's work becomes part of the index: its manifest |
//! | [`merge`] | how a writer's many small segments become few |
//! | [`absorb`] | how what writers have left who are gone is taken over |
//!
//! # Writers and segments
//!
//! A **writer** is a handle that writes, under a random name that nobody else has. It alone writes its entries, so no two
//! ever write one: but for the directory, which says nothing that cannot be listed.
//!
//! A **segment** is what a writer adds together: rows, their documents, and *tombstones*, ids that were deleted. It is
//! written once and never changed, under a number that the writer uses once. It counts when the writer's **manifest** names
//! it, which is written behind it, alone: what a call adds or deletes counts whole, or not at all.
//!
//! # What the index holds
//!
//! Each record, row or tombstone, has an *order*: a stamp, greater than all that its writer had seen and not before its
//! clock; then the writer; then its place in the call. Each write begins by a look at what others have published. So a record
//! that was written knowing another is behind it, whatever clocks say, and of two that did not know each other one is behind
//! the other all the same. Of an id the record of the greatest order counts; if it is a tombstone, nothing does. Clearing is
//! an order in the manifest, up to which nothing counts.
//!
//! So what the index holds is a function of what the manifests name, whoever looks and in whatever order they came to see
//! it: all handles that have seen the same manifests hold the same, and so does one that opens the index anew. Equal scores come
//! in the records' order, so they find the same, too. Copies of a record have its order: twice the same record is one.
//!
//! # Looking
//!
//! A look reads the directory and the manifests that are known by one call, and those that the directory names besides.
//! Several entries are not said to be read at one moment; but each manifest bears the number of its writing, and if two looks
//! in a row find the same numbers, then all manifests were such between them. Where anything has changed, a look is taken
//! until two agree. Otherwise a row could be seen of a segment that is being merged away, and not the tombstone in another that
//! went with it.
//!
//! Stores may answer from copies, as tiers do. Manifests, the directory and listings are asked of the store behind that has the
//! truth ([`truth`](crate::ByteStore::truth)); all other entries never change, so a copy is as good.
//!
//! Segments that are new are read: their records, and of their rows in 8 bits the blocks that hold any that count. Numbers in
//! 32 bits and documents are read when a search asks for them. An entry that is missing is no harm while segments go: who
//! misses one looks again, and it is lost only if no segment has gone.

pub mod absorb;
pub(crate) mod blocks;
pub(crate) mod bring;
pub mod format;
pub mod join;
pub(crate) mod load;
pub(crate) mod look;
pub mod merge;
pub mod names;
mod port;
pub mod publish;
pub(crate) mod segment;

pub(crate) use port::Port;
