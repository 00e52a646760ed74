//! The records that hold values, segments or rows, and how much of each is still needed.

/// A record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: u32,
    /// How many bytes of values it has.
    pub length: u32,
    /// How many of them belong to entries that are there.
    pub live: u32,
    /// How many such entries there are.
    pub entries: u32,
}

/// Records in the order of their keys. New ones come last, so that a sorted vector is all it takes.
#[derive(Default)]
pub struct Records {
    all: Vec<Record>,
    /// The bytes of all of them, and those that are needed.
    length: u64,
    live: u64,
    /// How many records have entries.
    held: usize,
}

impl Records {
    fn at(&self, key: u32) -> Result<usize, usize> {
        match self.all.last() {
            Some(last) if last.key == key => Ok(self.all.len() - 1),
            Some(last) if last.key > key => self.all.binary_search_by_key(&key, |record| record.key),
            _ => Err(self.all.len()),
        }
    }

    fn get_mut(&mut self, key: u32) -> Option<&mut Record> {
        let at = match self.at(key) {
            Ok(at) => at,
            Err(at) => {
                if self.all.len() == self.all.capacity() {
                    self.all.reserve_exact(64 + self.all.len() / 8);
                }
                self.all.insert(at, Record { key, ..Record::default() });
                at
            }
        };
        self.all.get_mut(at)
    }

    /// There is a record of `length` bytes.
    pub fn add(&mut self, key: u32, length: u32) {
        if let Some(record) = self.get_mut(key) {
            let longer = length.saturating_sub(record.length);
            record.length += longer;
            self.length += u64::from(longer);
        }
    }

    /// An entry of it is there, which ends at `end` of the record.
    pub fn hold(&mut self, key: u32, length: u32, end: u32) {
        if let Some(record) = self.get_mut(key) {
            let is_first = record.entries == 0;
            record.entries += 1;
            record.live += length;
            let longer = end.saturating_sub(record.length);
            record.length += longer;
            self.length += u64::from(longer);
            self.live += u64::from(length);
            self.held += usize::from(is_first);
        }
    }

    /// An entry of it went.
    pub fn release(&mut self, key: u32, length: u32) {
        if let Ok(at) = self.at(key)
            && let Some(record) = self.all.get_mut(at)
        {
            let is_last = record.entries == 1;
            record.entries = record.entries.saturating_sub(1);
            record.live = record.live.saturating_sub(length);
            self.live = self.live.saturating_sub(length.into());
            self.held -= usize::from(is_last);
        }
    }

    /// The records, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.all.iter()
    }

    /// Whether record `key` is known.
    pub fn knows(&self, key: u32) -> bool {
        self.at(key).is_ok()
    }

    /// Forgets records of which nothing is needed.
    pub fn drop_empty(&mut self, doomed: impl Fn(&Record) -> bool) {
        let mut gone = 0;
        self.all.retain(|record| {
            let goes = record.entries == 0 && doomed(record);
            gone += if goes { u64::from(record.length) } else { 0 };
            !goes
        });
        self.length -= gone;
    }

    /// How many of them are needed, and how many are not.
    pub fn counts(&self) -> (usize, usize) {
        (self.held, self.all.len() - self.held)
    }

    /// The bytes of values in all of them.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes of values that are needed.
    pub fn live(&self) -> u64 {
        self.live
    }
}
