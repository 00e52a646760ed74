//! The beginning of a connection, and of each transaction: what is in the database, and what is new in it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::SegmentLog;
use super::backend::{Answer, Backend, Fault, Fetched, META, Range, Step, Store, Transaction};
use super::format::{Damage, FRAME_START, Meta, Reader, Row, goes_on, read_entries, read_opening};
use super::line::{NONE, Place};
use super::state::State;
use crate::event::tell;
use crate::{Error, ErrorCode, Event, Value};

/// How many pages of a checkpoint are read at a time.
const PAGES: usize = 16;
/// How many connections a call may lose, one after the other: each deletion of the database from elsewhere takes one.
pub(super) const LOSSES: u32 = 4;

/// The first record behind the rows that are known, asked for: mostly the one that stands behind all rows.
pub(super) struct News {
    since: u32,
    first: Answer<Option<Value>>,
}

/// The key of page `page`.
pub(super) fn page_key(page: u32) -> i64 {
    -2 - i64::from(page)
}

/// The frame at the beginning of a record, in memory of ours.
pub(super) fn frame_of(record: &Value) -> Result<Vec<u8>, Damage> {
    let mut start = record.copy(0..record.len().min(FRAME_START)).unwrap_or_default();
    let length = Reader::frame_length(&start)?;
    if length <= start.len() {
        start.truncate(length);
        return Ok(start);
    }
    record.copy(0..length).ok_or(Damage::Broken)
}

fn row_number(key: i64) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}

/// Whether the next row belongs to `row`.
fn begins_a_group(row: &Value) -> bool {
    goes_on(&row.copy(0..3).unwrap_or_default())
}

/// The rows behind `since`, and the meta record.
fn behind(since: u32) -> Range {
    Range { from: i64::from(since) + 1, to: META }
}

fn damaged(damage: Damage) -> Fault {
    Fault::Failed(match damage {
        Damage::Broken => Error::new(ErrorCode::Corrupt, "the database's own record does not read: it was damaged"),
        Damage::Newer => {
            Error::new(ErrorCode::Unavailable, "the database was written by a later version of bytestow: use that one")
                .with_retryable(false)
        }
    })
}

/// A reload: there is one at a time, since each holds all keys in memory.
struct Reload<'l>(&'l AtomicBool);

impl<'l> Reload<'l> {
    fn begin(reloading: &'l AtomicBool) -> Option<Self> {
        (!reloading.swap(true, Ordering::SeqCst)).then(|| Self(reloading))
    }
}

impl Drop for Reload<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

fn read_meta(record: Fetched) -> Step<Option<Meta>> {
    let Some(record) = record.needed()? else { return Ok(None) };
    frame_of(&record).and_then(|frame| Meta::read(&frame)).map(Some).map_err(damaged)
}

impl<B: Backend> SegmentLog<B> {
    /// Begins a transaction that waits for no call.
    pub(super) async fn begin(&self, writes: bool) -> Step<B::Transaction> {
        self.begin_at(&self.line.join(NONE), writes).await
    }

    /// Begins a transaction of the call at `place`; connects first if need be.
    pub(super) async fn begin_at(&self, place: &Place<'_>, writes: bool) -> Step<B::Transaction> {
        let before = self.opening.count();
        let _turn = place.turn().await;
        // Whoever stood in line while the database did not open has waited for that already.
        self.opening.since(before)?;
        let mut lost = 0;
        loop {
            self.check_open().map_err(Fault::Failed)?;
            let begun = match self.connect().await {
                Ok(()) if writes && self.state().is_older => Err(damaged(Damage::Newer)),
                Ok(()) => self.backend.begin(writes),
                Err(fault) => Err(fault),
            };
            match begun {
                Err(Fault::Lost(error)) if lost < LOSSES => {
                    lost += 1;
                    self.lose(&error);
                }
                begun => return begun,
            }
        }
    }

    /// The connection was found lost: the next call opens it again.
    pub(super) fn lose(&self, error: &Error) {
        if self.connected.swap(false, Ordering::SeqCst) {
            // It may look alive, and fail for ever.
            self.backend.close();
            tell(self.observer.as_ref(), || Event::Reopen { reason: error.message().to_owned() });
        }
    }

    /// Connects, if that is not so already. The caller has the turn.
    pub(super) async fn connect(&self) -> Step<()> {
        if self.connected.load(Ordering::SeqCst) {
            return Ok(());
        }
        loop {
            self.backend.open().await.map_err(|error| self.opening.failed(error))?;
            match self.meet().await {
                Ok(()) => break,
                Err(Fault::Failed(error)) if error.code() == ErrorCode::Corrupt => {
                    if !self.backend.remake(&error).await.map_err(Fault::Failed)? {
                        return Err(Fault::Failed(error));
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
        self.connected.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Looks what database it is; makes its meta record if it has none.
    async fn meet(&self) -> Step<()> {
        // One that writes only where the meta record has to be made. Another tab may then have been first.
        for writes in [false, true] {
            let tx = self.backend.begin(writes)?;
            match read_meta(tx.get(Store::Rows, &[META]).await?.pop().unwrap_or_default())? {
                Some(meta) => return self.know(&tx, meta).await,
                None if writes => self.found(tx).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// Makes the meta record of a database that has none.
    async fn found(&self, tx: B::Transaction) -> Step<()> {
        if tx.first(Range { from: page_key(u32::MAX), to: META }).await?.is_some() {
            // It is none of those: it had one.
            return Err(damaged(Damage::Broken));
        }
        // An epoch of zero is that of a handle that has seen no database.
        let meta = Meta { epoch: self.backend.random() | 1, ..Meta::default() };
        tx.put(META, Value::from(meta.encode()));
        tx.commit().await?;
        let mut state = State::new(meta);
        state.changes.watched = self.observer.is_some();
        *self.state() = state;
        self.cache().clear();
        Ok(())
    }

    /// Sees to it that the state is that of the database `meta`.
    async fn know(&self, tx: &B::Transaction, meta: Meta) -> Step<()> {
        let known = self.state().continues(&meta, None);
        if known { Ok(()) } else { self.reload(tx, meta).await.map(drop) }
    }

    /// Asks for what is behind the rows that are known.
    pub(super) fn news(&self, tx: &B::Transaction) -> News {
        let since = self.state().seen;
        News { since, first: tx.first(behind(since)) }
    }

    /// Reads what is behind the rows that are known, page by page. The state is then that of the transaction, whose last
    /// row is given, or of a later one.
    pub(super) async fn follow(&self, tx: &B::Transaction, news: News) -> Step<u32> {
        let (mut since, mut last) = (news.since, news.since);
        let first = news.first.await?;
        let mut nothing_new = first.and_then(|record| Meta::read(&frame_of(&record).ok()?).ok());
        loop {
            let (meta, mut rows, is_last) = match nothing_new.take() {
                Some(meta) => (meta, Vec::new(), true),
                None => self.rows_behind(tx, since).await?,
            };
            let continues = self.state().continues(&meta, Some(since));
            if !continues {
                let is_known = || self.state().continues(&meta, None);
                while !is_known() {
                    if let Some(_only) = Reload::begin(&self.reloading) {
                        return self.reload(tx, meta).await;
                    }
                    // Another transaction is at it. One without a request under way would end.
                    tx.get(Store::Rows, &[META]).await?;
                }
                since = self.state().seen;
                continue;
            }
            if !is_last {
                // Other calls look at the state between two pages: what belongs together is taken together.
                let whole = rows.iter().rposition(|(_, row)| !begins_a_group(row)).map_or(rows.len(), |at| at + 1);
                rows.truncate(whole);
            }
            if let Some((number, _)) = rows.last() {
                last = row_number(*number);
            }
            let absorbed = self.state().absorb(&rows);
            self.tell_damage(absorbed)?;
            if is_last {
                let mut state = self.state();
                if meta.next_page > state.meta.next_page {
                    state.adopt(meta);
                }
                drop(state);
                self.tell_changes();
                return Ok(last);
            }
            since = self.state().seen;
        }
    }

    /// A page of the rows behind `since`, the meta record, and whether it is the last page.
    async fn rows_behind(&self, tx: &B::Transaction, since: u32) -> Step<(Meta, Vec<(i64, Value)>, bool)> {
        let mut rows = tx.get_all(behind(since), self.options.tuning.page_rows).await?;
        let (record, is_last) = match rows.pop_if(|(key, _)| *key == META) {
            Some((_, record)) => (Fetched::There(record), true),
            // A page without the meta record is a full one. Before its rows are taken, the record says whether any are
            // missing before them.
            None => (tx.get(Store::Rows, &[META]).await?.pop().unwrap_or_default(), false),
        };
        match read_meta(record)? {
            Some(meta) => Ok((meta, rows, is_last)),
            None => Err(Fault::Lost(Error::new(ErrorCode::Unavailable, "the database was made anew"))),
        }
    }

    /// Reads what is new.
    pub(super) async fn catch_up(&self, tx: &B::Transaction) -> Step<()> {
        let news = self.news(tx);
        self.follow(tx, news).await.map(drop)
    }

    /// Reads the database `meta` from its checkpoint on; gives its last row.
    async fn reload(&self, tx: &B::Transaction, meta: Meta) -> Step<u32> {
        let mut pages = Vec::new();
        for run in &meta.runs {
            pages.extend((0..run.pages).map(|at| (page_key(run.page + at), at < run.openings)));
        }
        let mut fresh = State::new(meta);
        let ask = |some: &[(i64, bool)]| {
            let keys: Vec<i64> = some.iter().map(|(key, _)| *key).collect();
            tx.get(Store::Rows, &keys)
        };
        // The next ones are on their way while some are taken in.
        let mut parts = pages.chunks(PAGES);
        let mut ahead = parts.next().map(|some| (some, ask(some)));
        while let Some((some, answer)) = ahead.take() {
            let records = answer.await?;
            ahead = parts.next().map(|some| (some, ask(some)));
            for ((_, is_opening), record) in some.iter().zip(records) {
                let read = record.needed()?.ok_or(Damage::Broken).and_then(|record| {
                    let frame = frame_of(&record)?;
                    if *is_opening {
                        fresh.load_opening(&read_opening(&frame)?);
                        return Ok(());
                    }
                    read_entries(&frame, |key, stored| fresh.load(key, &stored))
                });
                self.tell_damage(read.err().into_iter().collect())?;
            }
        }
        fresh.loaded();
        let most = self.options.tuning.page_rows;
        let mut ahead = Some(tx.get_all(behind(fresh.seen), most));
        while let Some(answer) = ahead.take() {
            let mut rows = answer.await?;
            let is_last = rows.pop_if(|(key, _)| *key == META).is_some() || rows.len() < most as usize;
            if let Some((number, _)) = rows.last()
                && !is_last
            {
                ahead = Some(tx.get_all(behind(row_number(*number)), most));
            }
            self.tell_damage(fresh.absorb(&rows))?;
        }
        let mut state = self.state();
        let is_another = state.meta.epoch != fresh.meta.epoch;
        let is_first = state.meta.epoch == 0;
        fresh.changes.watched = self.observer.is_some();
        if !is_first {
            fresh.changes.note_all();
        }
        let last = fresh.seen;
        // Never back: another transaction, open meanwhile, may decide by what was known at its beginning.
        if is_another || (state.seen, state.meta.next_page) < (fresh.seen, fresh.meta.next_page) {
            if !is_another {
                (fresh.orphans, fresh.left_over) = (state.orphans, std::mem::take(&mut state.left_over));
                fresh.missing = std::mem::take(&mut state.missing);
                fresh.lost = std::mem::take(&mut state.lost);
            }
            *state = fresh;
        }
        drop(state);
        if is_another {
            self.cache().clear();
        }
        self.tell_changes();
        Ok(last)
    }

    /// Tells of damage. What a later version wrote is none.
    fn tell_damage(&self, damage: Vec<Damage>) -> Step<()> {
        for damage in damage {
            if damage == Damage::Newer {
                self.state().is_older = true;
                return Err(damaged(damage));
            }
            self.tell_corrupt("", damage.reason());
        }
        Ok(())
    }

    fn tell_changes(&self) {
        let changes = self.state().changes.take();
        if let Some((keys, more)) = changes {
            tell(self.observer.as_ref(), || Event::Change { keys, more });
        }
    }
}

impl State {
    /// Whether the rows behind `since` (or those seen) are all that is missing of the database `meta`.
    fn continues(&self, meta: &Meta, since: Option<u32>) -> bool {
        self.meta.epoch == meta.epoch && meta.trim <= since.unwrap_or(self.seen)
    }

    /// Takes rows that come next; those that were seen already are left out. Gives what was damaged.
    fn absorb(&mut self, rows: &[(i64, Value)]) -> Vec<Damage> {
        let mut damaged = Vec::new();
        for (number, record) in rows {
            let number = row_number(*number);
            if number <= self.seen {
                continue;
            }
            let applied = frame_of(record).and_then(|frame| {
                let row = Row::read(&frame)?;
                if self.changes.watched {
                    self.changes.note(number, row.clone())?;
                }
                self.apply(number, row, frame.len());
                Ok(())
            });
            if let Err(damage) = applied {
                if damage == Damage::Newer {
                    damaged.push(damage);
                    break;
                }
                // What it said is lost; those behind it stand.
                self.seen = number;
                damaged.push(damage);
            }
        }
        damaged
    }

    /// A row of this handle's own was stored as `number`. Taken at once if it is the next one; else the next
    /// transaction reads it, with those before it.
    pub(super) fn take_own(&mut self, epoch: u64, number: u32, frame: &[u8]) {
        if epoch != self.meta.epoch || number <= self.seen {
            return;
        }
        match Row::read(frame) {
            Ok(row) if self.seen + 1 == number => self.apply(number, row, frame.len()),
            _ => self.changes.expect_own(number),
        }
    }
}
