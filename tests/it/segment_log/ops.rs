//! What tabs call, and what comes of it.

use std::sync::Arc;

use bytestow::segment_log::SegmentLog;
use bytestow::segment_log::sim::SimBackend;
use bytestow::{BoxFuture, ByteStore, Condition, Error, Keys, Lookup, Result, Stat, Ttl};

use super::model::Entry;

#[derive(Clone, Debug)]
pub enum Op {
    Set(Vec<(String, Entry)>),
    SetIf(Vec<(String, Entry)>, Vec<Condition>, Option<usize>),
    Delete(Vec<String>),
    Clear(String),
    Get(Vec<String>),
    Stat(Vec<String>),
    List(String, usize),
    Maintain,
    Close,
}

impl Op {
    /// Calls it.
    pub fn call(self, store: Arc<SegmentLog<SimBackend>>, ttl: Ttl) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let entries = |entries: &[(String, Entry)]| {
                entries.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect::<bytestow::Entries>()
            };
            match self {
                Op::Set(all) => Outcome::Unit(store.set_many(entries(&all), ttl).await),
                Op::SetIf(all, conditions, _) => Outcome::Stored(store.set_if(entries(&all), conditions, ttl).await),
                Op::Delete(keys) => Outcome::Unit(store.delete_many(keys.iter().collect()).await),
                Op::Clear(prefix) => Outcome::Unit(store.clear(prefix, true).await),
                Op::Get(keys) => Outcome::Found(store.get_many(Keys::from(keys.as_slice())).await),
                Op::Stat(keys) => Outcome::Stats(store.stat(Keys::from(keys.as_slice())).await),
                Op::List(prefix, limit) => Outcome::Pages(pages(&*store, prefix, limit).await),
                Op::Maintain => Outcome::Unit(store.maintain().await.map(drop)),
                Op::Close => Outcome::Unit(store.close().await),
            }
        })
    }

    /// Whether any key is both calls'.
    pub fn shares(&self, other: &Self) -> bool {
        match (self.keys(), other.keys()) {
            (Some(keys), Some(others)) => keys.iter().any(|key| others.contains(key)),
            _ => true,
        }
    }

    /// The keys that it is about; not of one that is about all.
    fn keys(&self) -> Option<Vec<&String>> {
        match self {
            Self::Set(entries) | Self::SetIf(entries, ..) => Some(entries.iter().map(|(key, _)| key).collect()),
            Self::Delete(keys) | Self::Get(keys) | Self::Stat(keys) => Some(keys.iter().collect()),
            Self::Clear(_) | Self::List(..) | Self::Close => None,
            Self::Maintain => Some(Vec::new()),
        }
    }
}

pub enum Outcome {
    Unit(Result<()>),
    Stored(Result<Vec<bool>>),
    Found(Result<Vec<Lookup>>),
    Stats(Result<Vec<Option<Stat>>>),
    Pages(Result<Vec<String>>),
}

impl Outcome {
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Unit(end) => end.as_ref().err(),
            Self::Stored(end) => end.as_ref().err(),
            Self::Found(end) => end.as_ref().err(),
            Self::Stats(end) => end.as_ref().err(),
            Self::Pages(end) => end.as_ref().err(),
        }
    }
}

async fn pages(store: &dyn ByteStore, prefix: String, limit: usize) -> Result<Vec<String>> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list(prefix.clone(), cursor, limit).await?;
        keys.extend(page.keys);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(keys);
        }
    }
}
