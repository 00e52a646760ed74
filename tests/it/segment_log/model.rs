//! What a store should hold: a plain map, and every state that it ever had.

use std::collections::BTreeMap;

use bytestow::store::Expiry;
use bytestow::{Condition, Lookup, Stat, Value, Version};

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub value: Value,
    pub expires: u64,
    pub written: u64,
}

pub type Map = BTreeMap<String, Entry>;

/// The states that a database went through, one a commit.
pub struct Model {
    pub states: Vec<Map>,
    /// When each key last changed.
    changed: BTreeMap<String, usize>,
    cleared: Vec<(String, usize)>,
}

impl Model {
    pub fn new() -> Self {
        Self { states: vec![Map::new()], changed: BTreeMap::new(), cleared: Vec::new() }
    }

    pub fn now(&self) -> usize {
        self.states.len() - 1
    }

    pub fn last(&self) -> &Map {
        self.states.last().unwrap()
    }

    fn next(&mut self) -> (&mut Map, usize) {
        self.states.push(self.last().clone());
        let at = self.now();
        (self.states.last_mut().unwrap(), at)
    }

    /// Entries are set, and others are evicted for it.
    pub fn set(&mut self, entries: &[(String, Entry)], evicted: &[String]) {
        let (map, at) = self.next();
        evicted.iter().for_each(|key| drop(map.remove(key)));
        for (key, entry) in entries {
            map.insert(key.clone(), entry.clone());
        }
        self.changed.extend(entries.iter().map(|(key, _)| key).chain(evicted).map(|key| (key.clone(), at)));
    }

    pub fn delete(&mut self, keys: &[String]) {
        let (map, at) = self.next();
        keys.iter().for_each(|key| drop(map.remove(key)));
        self.changed.extend(keys.iter().map(|key| (key.clone(), at)));
    }

    pub fn clear(&mut self, prefix: &str) {
        let (map, at) = self.next();
        map.retain(|key, _| !key.starts_with(prefix));
        self.cleared.push((prefix.to_owned(), at));
    }

    pub fn last_change(&self, key: &str) -> usize {
        let cleared = self.cleared.iter().filter(|(prefix, _)| key.starts_with(prefix)).map(|(_, at)| *at);
        cleared.chain(self.changed.get(key).copied()).max().unwrap_or_default()
    }
}

pub fn live<'m>(map: &'m Map, key: &str, now: u64) -> Option<&'m Entry> {
    map.get(key).filter(|entry| entry.expires > now)
}

fn expiry(entry: &Entry, now: u64) -> Expiry {
    match entry.expires {
        u64::MAX => Expiry::Never,
        at => Expiry::In(std::time::Duration::from_millis(at - now)),
    }
}

/// Whether the answers are those of one state, in which entries that are `gone` may be missing.
pub fn answers(map: &Map, gone: &Map, keys: &[String], found: &[Lookup], now: u64) -> bool {
    keys.len() == found.len()
        && keys.iter().zip(found).all(|(key, lookup)| match (live(map, key, now), &lookup.value) {
            (None, None) => lookup.written.is_none(),
            (Some(entry), Some(value)) => {
                entry.value == *value && lookup.written == Some(entry.written) && lookup.expiry == expiry(entry, now)
            }
            (Some(entry), None) => gone.get(key) == Some(entry),
            (None, Some(_)) => false,
        })
}

pub fn stats(map: &Map, keys: &[String], found: &[Option<Stat>], now: u64) -> bool {
    let expected = |key: &String| {
        let entry = live(map, key, now)?;
        Some(Stat { bytes: entry.value.len() as u64, expiry: expiry(entry, now), written: Some(entry.written) })
    };
    keys.iter().map(expected).eq(found.iter().copied())
}

/// What a conditional set of `entries` stores. Conditions on versions are the caller's to judge.
pub fn stored(map: &Map, entries: &[(String, Entry)], conditions: &[Condition], now: u64) -> Vec<bool> {
    let mut map = map.clone();
    let mut stored = Vec::new();
    for ((key, entry), condition) in entries.iter().zip(conditions) {
        let there = live(&map, key, now).is_some();
        let holds = match condition {
            Condition::Absent => !there,
            Condition::Present => there,
            Condition::UnchangedSince(Version(_)) => true,
        };
        if holds {
            map.insert(key.clone(), entry.clone());
        }
        stored.push(holds);
    }
    stored
}
