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
    /// Whether it could not be read when they were to be moved.
    is_left: bool,
}

/// Records in the order of their keys. New ones come last, so that a sorted vector is all it takes.
#[derive(Default)]
pub struct Records {
    all: Vec<Record>,
    /// The bytes of all of them, and those that are needed.
    length: u64,
    live: u64,
    /// How many records have entries, and of how many these can be moved.
    held: usize,
    movable: usize,
    /// The bytes that are not needed, of records of which most is not.
    waste: u64,
}

impl Record {
    /// Whether what is needed is worth copying, to be rid of the rest.
    pub fn is_wasteful(&self) -> bool {
        !self.is_left && self.live < self.length && u64::from(self.live) * 2 <= u64::from(self.length)
    }

    /// Whether there is anything in it that can be moved.
    pub fn is_movable(&self) -> bool {
        self.entries > 0 && !self.is_left
    }

    fn waste(&self) -> u64 {
        if self.is_wasteful() { (self.length - self.live).into() } else { 0 }
    }
}

impl Records {
    fn at(&self, key: u32) -> Result<usize, usize> {
        match self.all.last() {
            Some(last) if last.key == key => Ok(self.all.len() - 1),
            Some(last) if last.key > key => self.all.binary_search_by_key(&key, |record| record.key),
            _ => Err(self.all.len()),
        }
    }

    /// Where record `key` is; it is made if there is none.
    fn place(&mut self, key: u32) -> usize {
        self.at(key).unwrap_or_else(|at| {
            if self.all.len() == self.all.capacity() {
                self.all.reserve_exact(64 + self.all.len() / 8);
            }
            self.all.insert(at, Record { key, ..Record::default() });
            at
        })
    }

    fn get(&self, at: usize) -> Record {
        self.all.get(at).copied().unwrap_or_default()
    }

    /// Changes the record at `at`, and what is known of all.
    fn set(&mut self, at: usize, record: Record) {
        let Some(place) = self.all.get_mut(at) else { return };
        let before = std::mem::replace(place, record);
        self.length = self.length - u64::from(before.length) + u64::from(record.length);
        self.live = self.live - u64::from(before.live) + u64::from(record.live);
        self.waste = self.waste - before.waste() + record.waste();
        self.held = self.held - usize::from(before.entries > 0) + usize::from(record.entries > 0);
        self.movable = self.movable - usize::from(before.is_movable()) + usize::from(record.is_movable());
    }

    /// There is a record of `length` bytes.
    pub fn add(&mut self, key: u32, length: u32) {
        let at = self.place(key);
        let record = self.get(at);
        self.set(at, Record { length: record.length.max(length), ..record });
    }

    /// An entry of it is there, which ends at `end` of the record.
    pub fn hold(&mut self, key: u32, length: u32, end: u32) {
        let at = self.place(key);
        let record = self.get(at);
        let live = record.live.saturating_add(length);
        self.set(at, Record { live, entries: record.entries + 1, length: record.length.max(end), ..record });
    }

    /// An entry of it went; gives whether it was the last one.
    pub fn release(&mut self, key: u32, length: u32) -> bool {
        let Ok(at) = self.at(key) else { return false };
        let record = self.get(at);
        let (live, entries) = (record.live.saturating_sub(length), record.entries.saturating_sub(1));
        self.set(at, Record { live, entries, ..record });
        entries == 0
    }

    /// Record `key` cannot be read: nothing is to be moved out of it.
    pub fn leave(&mut self, key: u32) {
        if let Ok(at) = self.at(key) {
            let record = self.get(at);
            self.set(at, Record { is_left: true, ..record });
        }
    }

    /// The records, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.all.iter()
    }

    /// How many bytes of values record `key` has.
    pub fn length_of(&self, key: u32) -> u64 {
        self.at(key).ok().and_then(|at| self.all.get(at)).map_or(0, |record| record.length.into())
    }

    /// Whether record `key` is known.
    pub fn knows(&self, key: u32) -> bool {
        self.at(key).is_ok()
    }

    /// Forgets records of which nothing is needed, if their key is a `doomed` one.
    pub fn drop_empty(&mut self, doomed: &dyn Fn(u32) -> bool) {
        let (mut gone, mut waste) = (0, 0);
        self.all.retain(|record| {
            let goes = record.entries == 0 && doomed(record.key);
            if goes {
                gone += u64::from(record.length);
                waste += record.waste();
            }
            !goes
        });
        self.length -= gone;
        self.waste -= waste;
    }

    /// Of how many of them something can be moved, and how many are not needed.
    pub fn counts(&self) -> (usize, usize) {
        (self.movable, self.all.len() - self.held)
    }

    /// The bytes of values in all of them.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes that a compaction would be rid of.
    pub fn waste(&self) -> u64 {
        self.waste
    }

    /// The bytes of values that are needed.
    pub fn live(&self) -> u64 {
        self.live
    }
}
