//! The bytes of an index, version 1. Another program can read one by this page.
//!
//! # The entries
//!
//! All stand under the index's name (`vectors` unless another is given). Writers and segments are explained in
//! [`persist`](super). A writer's name is its 60 bits in 12 characters of `0123456789abcdefghjkmnpqrstvwxyz`, the
//! highest five first.
//!
//! | key | kind | entry |
//! |---|---|---|
//! | `<name>/m` | 1 | the **directory**: who has a manifest |
//! | `<name>/m/<writer>` | 2 | the **manifest** of a writer: what it has published |
//! | `<name>/<writer>/<segment>/i` | 3 | **records** of a segment: ids and orders |
//! | `<name>/<writer>/<segment>/q<n>` | 4 | block *n* of its **codes**: rows in 8 bits |
//! | `<name>/<writer>/<segment>/v<n>` | 5 | block *n* of its **numbers**: rows in 32 bits |
//! | `<name>/<writer>/<segment>/d<n>` | 6 | block *n* of its **documents** |
//!
//! # The frame
//!
//! Numbers are little-endian; f32 are IEEE 754. A *small* number has seven bits a byte, the lowest first, the top bit set
//! on all bytes but the last, and 32 bits at most. A *text* is its length in bytes (small) and its UTF-8. An *order* is a
//! stamp (8) and a tie (8).
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `BTV`, and the version, 1 |
//! | 1 | the kind |
//! | 3 | 0 |
//! | 4 | how many bytes follow the frame: all the rest of the entry |
//! | 4 | their XXH32, seed 0 |
//!
//! # What follows
//!
//! | kind | what follows |
//! |---|---|
//! | 1 directory | who wrote it (8), which time (4), count (small), per writer: its bits (8) |
//! | 2 manifest | the writer (8), how often it was written (8), when (8: milliseconds since 1970), which time it wrote a directory that held (4), the number of its next segment (small), the greatest stamp it knew (8), the order up to which all is cleared (16), dimensions (small; 0: not known yet), model (text), *segments*, *absorbed* |
//! | 3 records | writer (8), segment (4), count of rows (small), count of tombstones (small), count of runs (small), per run: the order of its first record (16), how many there are (small). Then per row: the document's length (small), id (text); then per tombstone: id (text) |
//! | 4 codes | *place*, numbers of a row with its padding (small), per row: scale (f32), residual (f32); per row: its codes, one byte each, -127 to 127 |
//! | 5 numbers | *place*, dimensions (small), per row: its numbers (f32), without padding |
//! | 6 documents | *place*, the documents, one after the other. Their lengths are in the records |
//!
//! *Segments* are: count (small), per segment: number, rows, tombstones (small each). *Absorbed* are: count (small), per
//! writer: its bits (8), count (small), the numbers of its segments that are absorbed (small each), since when that can be
//! seen (8; 0: not known yet), 1 if nothing of the writer counts any more, or else 0 (1). A *place* is: writer (8), segment (4),
//! the first row of the block (small), how many rows (small).
//!
//! Records are numbered rows first. In a run stamps are the same and ties grow by 1. A tie is the lower half of the writer
//! that wrote the row first (4 bytes, the upper ones), and its place in that call (4).
//!
//! A block of codes has as many rows as fit into 1 MiB, a block of numbers as fit into 56 KiB; at least one. Documents go
//! into a block until the next would make it longer than 56 KiB (of documents). So what stands where follows from the
//! records.

mod blocks;
mod directory;
mod manifest;
mod records;
mod wire;

pub use blocks::{Codes, Documents, Geometry, Numbers, Place, encode_codes, encode_documents, encode_numbers};
pub use directory::Directory;
pub use manifest::{Absorbed, Listed, Manifest};
pub use records::{Records, RecordsWriter};
pub use wire::{Damage, FRAME, Read, Reader, Writer, kind, small_length};

/// The most records of a segment, rows and tombstones together.
pub const MOST_RECORDS: usize = 16_384;

/// The longest id, in bytes of UTF-8.
pub const LONGEST_ID: usize = 65_535;

/// Records longer than this are given to the next segment.
pub const LONG_RECORDS: usize = 768 * 1024;
