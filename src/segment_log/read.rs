//! Reads: one transaction, all requests at once.

use super::SegmentLog;
use super::backend::{Answer, Backend, Fault, Fetched, Step, Store, Transaction};
use super::format::{IN_ROW, MOST, NEVER, Stored};
use super::line::{NONE, Shares, shares};
use super::open::LOSSES;
use crate::sorted::sort;
use crate::store::{Expiry, Lookup, Stat, Version};
use crate::{Keys, Result, Value};

/// How often a read begins anew before what it misses counts as lost.
const TRIES: u32 = 8;
/// How often before what cannot be read now counts as a miss.
const UNREADABLE: u32 = 2;

/// Records asked for, segments before rows.
struct Fetch {
    places: Vec<u32>,
    answers: Vec<Answer<Vec<Fetched>>>,
}

/// Records by their places, in order; those asked for are absent until they are there.
#[derive(Default)]
struct Records(Vec<(u32, Fetched)>);

impl Records {
    fn at(&self, place: u32) -> std::result::Result<usize, usize> {
        match self.0.last() {
            // They mostly come in order.
            Some((last, _)) if *last >= place => self.0.binary_search_by_key(&place, |(place, _)| *place),
            _ => Err(self.0.len()),
        }
    }

    fn get(&self, place: u32) -> Option<&Fetched> {
        let at = self.at(place).ok()?;
        self.0.get(at).map(|(_, record)| record)
    }

    fn set(&mut self, place: u32, record: Fetched) {
        match self.at(place) {
            Ok(at) => self.0.get_mut(at).into_iter().for_each(|found| found.1 = record.clone()),
            Err(at) => self.0.insert(at, (place, record)),
        }
    }
}

/// What is left of an entry's life.
pub(super) fn expiry(stored: &Stored, now: u64) -> Expiry {
    match stored.expires {
        NEVER => Expiry::Never,
        at => Expiry::In(std::time::Duration::from_millis(at.saturating_sub(now))),
    }
}

impl<B: Backend> SegmentLog<B> {
    /// The values of `keys`, for a call.
    pub(super) async fn look_up(&self, keys: &Keys) -> Result<Vec<Lookup>> {
        let _call = self.enter()?;
        let began = self.clock.now_ms();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.read(keys, shares(keys)).await?;
        self.answered("get", keys.len(), began);
        self.counters.read(&found);
        Ok(found)
    }

    /// The values of `keys`. Of none: what is new is read, and that is all.
    pub(super) async fn read(&self, keys: &Keys, shares: Shares) -> Result<Vec<Lookup>> {
        let (mut tries, mut lost) = (0, 0);
        loop {
            let tx = self.begin_at(&self.line.join(shares), false).await?;
            match self.read_in(&tx, keys, tries).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => tries += 1,
                Err(Fault::Lost(error)) if lost < LOSSES => {
                    lost += 1;
                    self.lose(&error);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// The values of `keys`; `None` when a record is missing, and may be there the next time: after the first of the
    /// `tries`, or when what is known is of a later moment than the transaction. Else the entries in it are lost, unless it
    /// is there and merely cannot be read.
    async fn read_in(&self, tx: &B::Transaction, keys: &Keys, tries: u32) -> Step<Option<Vec<Lookup>>> {
        let now = self.clock.now_ms();
        let mut records = Records::default();
        let news = self.news(tx);
        let (mut entries, guess) = self.find(keys, now);
        let guessed = self.fetch(tx, &entries, &mut records);
        let last = self.follow(tx, news).await?;
        // All answers are of one moment.
        let mut version = self.state().version();
        if version != guess {
            (entries, version) = self.find(keys, now);
        }
        let is_of_now = version == self.state().version_at(last);
        let may_be_there = tries == 0 || tries < TRIES && !is_of_now;
        if self.options.max_bytes.is_some() {
            let mut state = self.state();
            keys.iter().for_each(|key| state.index.touch(key));
        }
        // What stands elsewhere than was believed, is asked for before anything is awaited: else the transaction ends.
        let moved = self.fetch(tx, &entries, &mut records);
        for fetch in [guessed, moved] {
            self.gather(fetch, &mut records).await?;
        }
        let mut found = Vec::with_capacity(keys.len());
        for (key, entry) in keys.iter().zip(&entries) {
            let mut lookup = Lookup { version: Some(Version(version)), ..Lookup::default() };
            if let Some(stored) = entry {
                let record = records.get(stored.place).unwrap_or(&Fetched::Absent);
                let is_unreadable = matches!(record, Fetched::Unreadable);
                let is_missing = stored.length > 0 && !matches!(record, Fetched::There(_));
                if is_missing && (may_be_there || is_unreadable && tries < UNREADABLE) {
                    return Ok(None);
                }
                match value_of(stored, record) {
                    Ok(value) => {
                        lookup.expiry = expiry(stored, now);
                        lookup.written = Some(stored.written);
                        lookup.value = Some(value);
                    }
                    Err(_) if self.is_evicted(record) => {
                        if is_of_now {
                            self.state().miss(stored.place);
                        }
                    }
                    Err(reason) => {
                        self.tell_corrupt(key, reason);
                        if is_of_now && !is_unreadable {
                            self.state().lose(key, stored);
                        }
                    }
                }
            }
            found.push(lookup);
        }
        Ok(Some(found))
    }

    /// What is believed to be stored under `keys`, and by what version.
    fn find(&self, keys: &Keys, now: u64) -> (Vec<Option<Stored>>, u64) {
        let state = self.state();
        let mut entries = Vec::with_capacity(keys.len());
        keys.iter().for_each(|key| entries.push(state.live(key, now)));
        (entries, state.version())
    }

    /// Asks for the records of `entries` that are neither in `records` nor remembered; their places go there.
    fn fetch(&self, tx: &B::Transaction, entries: &[Option<Stored>], records: &mut Records) -> Fetch {
        let mut wanted: Vec<u64> = Vec::new();
        for stored in entries.iter().flatten() {
            // Keys that were written together mostly come together.
            if stored.length > 0 && wanted.last() != Some(&stored.place.into()) {
                wanted.push(stored.place.into());
            }
        }
        sort(&mut wanted);
        wanted.dedup();
        let mut places = Vec::with_capacity(wanted.len());
        {
            let mut cache = self.cache();
            for place in wanted {
                let place = place as u32;
                if records.get(place).is_none() {
                    let remembered = cache.get(place);
                    if remembered.is_none() {
                        places.push(place);
                    }
                    records.set(place, remembered.map_or(Fetched::Absent, Fetched::There));
                }
            }
        }
        let (mut segments, mut rows): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
        for place in &places {
            let keys = if place & IN_ROW == 0 { &mut segments } else { &mut rows };
            keys.push((place & MOST).into());
        }
        let mut answers = Vec::with_capacity(2);
        for (store, keys) in [(Store::Segments, segments), (Store::Rows, rows)] {
            if !keys.is_empty() {
                answers.push(tx.get(store, &keys));
            }
        }
        Fetch { places, answers }
    }

    /// Awaits records and puts them among `records`, in order.
    async fn gather(&self, fetch: Fetch, records: &mut Records) -> Step<()> {
        let mut places = fetch.places.into_iter();
        for answer in fetch.answers {
            for (record, place) in answer.await?.into_iter().zip(&mut places) {
                if self.options.memory_bytes > 0
                    && let Fetched::There(record) = &record
                {
                    self.cache().insert(place, record);
                }
                records.set(place, record);
            }
        }
        Ok(())
    }

    /// What is known of `keys` without their values.
    pub(super) async fn look_at(&self, keys: &Keys) -> Result<Vec<Option<Stat>>> {
        let _call = self.enter()?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.look("stat", keys.len(), shares(keys)).await?;
        let now = self.clock.now_ms();
        let state = self.state();
        let mut stats = Vec::with_capacity(keys.len());
        for key in keys.iter() {
            stats.push(state.live(key, now).map(|stored| Stat {
                bytes: stored.length.into(),
                expiry: expiry(&stored, now),
                written: Some(stored.written),
            }));
        }
        Ok(stats)
    }

    /// Catches up in a transaction of its own, for a call.
    pub(super) async fn look(&self, operation: &'static str, keys: usize, shares: Shares) -> Result<()> {
        let began = self.clock.now_ms();
        self.read(&Keys::default(), shares).await?;
        self.answered(operation, keys, began);
        Ok(())
    }

    /// Reads what other tabs have written, which no call counts for; the observer is told.
    ///
    /// # Errors
    /// `closed`, and what the backend says.
    pub async fn refresh(&self) -> Result<()> {
        let _call = self.enter()?;
        self.read(&Keys::default(), NONE).await.map(drop)
    }
}

/// The value of an entry in its record.
pub(super) fn value_of(stored: &Stored, record: &Fetched) -> std::result::Result<Value, &'static str> {
    let begin = stored.offset as usize;
    let range = begin..begin.saturating_add(stored.length as usize);
    let value = match record {
        _ if stored.length == 0 => Value::default(),
        Fetched::There(record) => record.slice(range).ok_or("the record that it stands in is too short")?,
        Fetched::Absent => return Err("the record that it stands in is gone"),
        Fetched::Unreadable => return Err("the record that it stands in cannot be read now"),
    };
    if value.checksum() == stored.sum { Ok(value) } else { Err("its checksum is not that of its bytes") }
}
