//! The bytes on the disk, version 1. Another program can read a database by this page.
//!
//! # The database
//!
//! Two object stores, made with the database and never changed: `seg` and `idx`, both with `autoIncrement` and without
//! a key path; the database's version is 1 for ever. All records are `Uint8Array`s. Numbers are little-endian;
//! checksums are XXH32 with seed 0; times are milliseconds since 1970 in six bytes, and as an expiry the largest number
//! of six bytes means never. A *length* is a number of seven bits a byte, the lowest first, the top bit set on all bytes
//! but the last; a *text* is its length in bytes and its UTF-8.
//!
//! | store | key | record |
//! |---|---|---|
//! | `seg` | 1, 2, ... (given by the browser) | a **segment**: values one after the other, nothing between them |
//! | `idx` | 1, 2, ... (given by the browser) | a **row** of the log |
//! | `idx` | -2, -3, ... | a **page** of a checkpoint; page *p* stands at -2 - *p* |
//! | `idx` | -1 | the **lease** of who compacts, where there are no Web Locks |
//! | `idx` | `"meta"` | the **meta** record. A string sorts behind all numbers: who asks for what is behind row *n* gets it too |
//!
//! What is stored is what the checkpoint that `meta` names says, and then each row behind it, in order. Segments that
//! none of these name are left over from calls that did not end, and mean nothing.
//!
//! # The frame
//!
//! Everything in `idx` begins so:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | 0xB5 |
//! | 1 | the version, 1 |
//! | 1 | the kind, below; of a row perhaps with the top bit set |
//! | 1 | 0 |
//! | 4 | the length of the frame, these bytes included |
//! | 4 | the checksum of the frame from here on |
//!
//! # Rows
//!
//! | kind | row | what follows |
//! |---|---|---|
//! | 1 | put | time of writing (6), expiry (6), *places*, count (4), per entry: key (text), length of the value (4), its checksum (4) |
//! | 2 | delete | count (4), per key: text |
//! | 3 | clear | prefix (text): every key that begins with it is gone |
//! | 4 | move | *places*, count (4), per entry: key (text), length (4), checksum (4), the number of the row that put it (4). The values were copied; an entry that is no longer that row's is left alone |
//!
//! *Places* are: how many segments there are (4), and the key (4) and the length (4) of each. Values stand in them in the
//! order of the entries; a value never spans two segments: one that does not
//! fit into what is left of a segment of which something is filled is the first of the next. Without segments (count 0)
//! the values follow the frame in the row itself. Of put rows the later one wins; no key stands twice in one row.
//!
//! A call with many or long keys is several rows, one after the other and added by one transaction: then the kind of all
//! but the last has its top bit set (0x81 is a put that the next row goes on with). They are taken together or not at
//! all; that matters to who reads rows a few at a time. There are never more than 32 of them.
//!
//! # Checkpoints
//!
//! A checkpoint is what a range of rows comes to, so that nobody has to read them. `meta` names one or more, oldest
//! first; each begins where the one before it ends. Of each, the first pages are its opening and the rest are entries.
//!
//! | kind | record | what follows |
//! |---|---|---|
//! | 5 | opening, or a page of it | count (4) of prefixes that were cleared, per prefix: text; count (4) of keys that were deleted, per key: text, the number of the row that did (4); count (4) of segments, per segment: key (4), length (4) |
//! | 6 | entries | per entry until the frame ends, in the order of the keys' bytes: how many bytes of the key are those of the key before (length), the others (text), place (4), offset (4), length (4), checksum (4), the row that put it (4), time of writing (6), expiry (6) |
//! | 7 | meta | epoch (8), trim (4), the next free page (4), count (4), per checkpoint: the last row it holds (4), the last segment it knows (4), its first page (4), how many pages (4), how many of these are its opening (4), how many entries (4) |
//! | 8 | lease | who (8), until when (8) |
//!
//! First the prefixes and the deleted keys are taken from what came before, then the entries are set. A *place* is a
//! segment's key, or a row's with the top bit set; the offset is from the beginning of the record. The epoch is drawn
//! when the database is made. Rows up to and including *trim* may be gone.
//!
//! # What is detected
//!
//! Damage to any frame; damage to a value, a truncated or exchanged segment (by the value's checksum, each time it is
//! read). A missing segment is a stale index or a loss: the reader catches up and looks once more. In a store that has a
//! bound it may have gone to make room, before a row could say so: what stands in it is then as good as deleted. A lost
//! row is not detected by its number, since aborted calls may leave gaps; its keys are then as they were before it. So they
//! are when a page of a checkpoint's opening is damaged: what it says was cleared or deleted is then there as the
//! checkpoints before have it. A record that cannot be read for the moment is no damage: the reader fails, and tries later.

mod meta;
mod page;
mod row;
mod wire;

pub use meta::{Lease, Meta, Run};
pub use page::{Opening, OpeningWriter, PageWriter, Stored, encode_opening, read_entries, read_opening};
pub use row::{Item, Put, Row, cut, encode_clear, encode_delete, encode_move, encode_put, go_on, goes_on};
pub use wire::{Damage, Read, Reader, Writer, push_length};

/// An expiry that means never.
pub const NEVER: u64 = (1 << 48) - 1;

/// The top bit of a place: the value stands in a row.
pub const IN_ROW: u32 = 1 << 31;

/// The largest number of a row or a segment.
pub const MOST: u32 = IN_ROW - 1;

/// In the kind of a row: the next row belongs to it.
pub const GOES_ON: u8 = 1 << 7;

/// What kinds of frames there are.
pub mod kind {
    /// Entries were put.
    pub const PUT: u8 = 1;
    /// Keys were deleted.
    pub const DELETE: u8 = 2;
    /// All keys of a prefix were deleted.
    pub const CLEAR: u8 = 3;
    /// Values were moved.
    pub const MOVE: u8 = 4;
    /// What a checkpoint begins with.
    pub const OPENING: u8 = 5;
    /// Entries of a checkpoint.
    pub const ENTRIES: u8 = 6;
    /// What the database is.
    pub const META: u8 = 7;
    /// Who compacts.
    pub const LEASE: u8 = 8;
}

/// As much of a record is fetched first: most frames are whole in it.
pub const FRAME_START: usize = 512;
