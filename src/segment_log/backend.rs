//! What the engine needs of a database: two object stores and their transactions, as IndexedDB has them.
//!
//! The engine relies on these rules, and on no others:
//! - Transactions that write are one after the other, whoever began them, in the order in which they were begun; one
//!   that reads sees none, or all, of each, and all of those begun before it. So rows are numbered in the order in which
//!   they came to be. Whether one that writes waits for those that read, or these go on with a snapshot, is all the same.
//! - Requests of a transaction are answered in the order in which they were made. A transaction without a request under
//!   way ends by itself: the engine makes its next request in the same turn in which an answer wakes it, and awaits
//!   nothing but the transaction's own answers while it is open.
//! - The database is the same one for as long as a connection lasts: whoever deletes it has to wait for its end.

use crate::{BoxFuture, Error, ErrorCode, Portable, Value};

/// The object stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// `seg`: packed values.
    Segments,
    /// `idx`: the log, its checkpoints, and `meta`.
    Rows,
}

/// Stands for the key `"meta"`, a string, which sorts behind every number and leaves the numbering of rows alone.
pub const META: i64 = i64::MAX;

/// A range of keys, both ends within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: i64,
    /// The last. Of [`META`]: no end.
    pub to: i64,
}

/// What a request for one record came to.
#[derive(Clone, Debug, Default)]
pub enum Fetched {
    /// The record.
    There(Value),
    /// There is none, or it is gone for good.
    #[default]
    Absent,
    /// It alone cannot be read now, and perhaps later: in Chromium a long one, when memory is low.
    Unreadable,
}

impl Fetched {
    /// The record, if it is there.
    pub fn value(self) -> Option<Value> {
        if let Self::There(record) = self { Some(record) } else { None }
    }

    /// The same of a record without which nothing is known.
    ///
    /// # Errors
    /// It cannot be read now. By another connection perhaps it can.
    pub fn needed(self) -> Step<Option<Value>> {
        if let Self::Unreadable = self {
            let unreadable = "the browser cannot read one of the database's records now";
            return Err(Fault::Lost(Error::new(ErrorCode::Unavailable, unreadable)));
        }
        Ok(self.value())
    }
}

/// Why a request, or a whole transaction, failed.
#[derive(Clone, Debug)]
pub enum Fault {
    /// There is no room: the transaction was rolled back. What was asked of it behind the request that failed may have
    /// been done all the same (in Firefox), so that nothing is asked behind what makes the rest count.
    Quota(Error),
    /// The connection is gone, and with it whatever was not committed.
    Lost(Error),
    /// A record was there under the number that was to be given out: what was there before the last failure was not counted.
    Clash(Error),
    /// Anything else; the transaction was rolled back.
    Failed(Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Quota(error) | Fault::Lost(error) | Fault::Clash(error) | Fault::Failed(error) => error,
        }
    }
}

/// What came of a step of a transaction.
pub type Step<T> = Result<T, Fault>;

/// The answer to a request that was made already; awaiting it is optional.
///
/// When the transaction aborts, its answers are faults; but once it was asked to [`commit`](Transaction::commit), only the
/// answer to that is sure to come. So whoever wants a number awaits the end before it: Chromium, when the disk is full,
/// tells the requests under way nothing at all.
pub type Answer<T> = BoxFuture<'static, Step<T>>;

/// A database that can be connected to.
pub trait Backend: Portable {
    /// Its transactions.
    type Transaction: Transaction + 'static;

    /// Connects, if that is not so already; makes the database with its two stores if there is none. After a
    /// [`Fault::Lost`] the old connection counts for nothing.
    fn open(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Begins a transaction on both stores, at once.
    ///
    /// # Errors
    /// [`Fault::Lost`] when the connection is gone (then [`open`](Self::open) makes another), or none was made.
    fn begin(&self, writes: bool) -> Result<Self::Transaction, Fault>;

    /// Gives the connection up. Transactions under way still end.
    fn close(&self);

    /// Deletes a database whose own record does not read, where that is wanted: `reason` is told. Gives whether it did.
    fn remake(&self, reason: &Error) -> BoxFuture<'_, Result<bool, Error>> {
        let _ = reason;
        Box::pin(async { Ok(false) })
    }

    /// Tries to become the only one that compacts this database, without waiting.
    fn lock(&self) -> BoxFuture<'_, Lock>;

    /// Lets others have their turn, readers of the database and the page alike.
    fn pause(&self) -> BoxFuture<'_, ()>;

    /// A number that nobody else draws.
    fn random(&self) -> u64;

    /// One value made of the bytes of several.
    fn pack(&self, parts: &[Value]) -> Value {
        let mut bytes = Vec::with_capacity(parts.iter().map(Value::len).sum());
        parts.iter().for_each(|part| bytes.extend_from_slice(&part.to_vec()));
        bytes.into()
    }
}

/// What came of [`Backend::lock`].
pub enum Lock {
    /// It is ours until this is dropped.
    Held(Box<dyn Guard>),
    /// Somebody else has it.
    Taken,
    /// There are no locks here: the engine uses a lease in the database.
    Unsupported,
}

/// Gives a lock back when dropped.
pub trait Guard: Portable {}

/// A transaction. Requests go out when they are made. One that writes and is dropped without [`commit`](Self::commit)
/// is rolled back.
pub trait Transaction: Portable {
    /// The records under `keys`, in their order. One request each; their listeners may be one for all.
    fn get(&self, store: Store, keys: &[i64]) -> Answer<Vec<Fetched>>;

    /// The first row in `range`: cheaper than all of them.
    fn first(&self, range: Range) -> Answer<Option<Value>>;

    /// The first `limit` rows in `range`, with their keys.
    fn get_all(&self, range: Range, limit: u32) -> Answer<Vec<(i64, Value)>>;

    /// The keys of the first `limit` segments in `range`.
    fn segments(&self, range: Range, limit: u32) -> Answer<Vec<i64>>;

    /// Adds records, numbered by the store without gaps; gives the number of the first. There is at least one. The others
    /// need no listener: what fails rolls the transaction back.
    fn add(&self, store: Store, records: Vec<Value>) -> Answer<i64>;

    /// Sets the row under `key`, which is [`META`] or below zero. What fails rolls the transaction back, here as in
    /// [`delete`](Self::delete).
    fn put(&self, key: i64, row: Value);

    /// Deletes all records in `range`.
    fn delete(&self, store: Store, range: Range);

    /// Asks for the end of the transaction; the answer comes when everything in it is stored, or nothing is.
    fn commit(self) -> Answer<()>;
}
