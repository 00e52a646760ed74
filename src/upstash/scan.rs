//! `SCAN`: listing, and clearing what is listed.

use std::any::Any;
use std::sync::Arc;

use super::Core;
use super::client::{Ask, Outcome};
use super::command::{Command, glob};
use super::complaint::{Heard, Remedy};
use super::envelope;
use super::read::{hopeless, unexpected};
use super::reply::{Form, Reply};
use crate::sorted::SortedMap;
use crate::store::{Cursor, LiveCursor, Page};
use crate::{Keys, Result};

/// How many slots of the keyspace one `SCAN` looks at: its cost is that of the whole keyspace, whatever matches.
const COUNT: usize = 2_000;

/// A scan under way.
#[derive(Default)]
struct Scan {
    prefix: String,
    cursor: String,
    /// Keys that have been handed out or wait for it: a scan may come by one twice.
    seen: SortedMap,
    waiting: Vec<String>,
    ended: bool,
}

impl LiveCursor for Scan {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Core {
    pub(super) async fn page(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> Result<Page> {
        let mut scan = match cursor {
            Some(cursor) => *cursor.into_live::<Scan>()?,
            None => Scan { prefix, cursor: "0".to_owned(), ..Scan::default() },
        };
        // What has waited since an earlier page may have expired since.
        let waited = !scan.waiting.is_empty();
        if scan.waiting.is_empty() && !scan.ended {
            let (cursor, keys) = self.scan(&scan.prefix, &scan.cursor, "list").await?;
            scan.ended = cursor == "0";
            scan.cursor = cursor;
            for key in keys {
                if scan.seen.insert(Arc::from(key.as_str()), 0).is_none() {
                    scan.waiting.push(key);
                }
            }
        }
        // From the end: no order is promised.
        let mut keys = scan.waiting.split_off(scan.waiting.len().saturating_sub(limit));
        if waited {
            keys = self.confirmed(keys, "list").await?;
        }
        let more = !scan.ended || !scan.waiting.is_empty();
        Ok(Page { keys, next: more.then(|| Cursor::live(scan)) })
    }

    /// One step of a scan: the next cursor, and keys that begin with `prefix`.
    async fn scan(&self, prefix: &str, cursor: &str, operation: &'static str) -> Result<(String, Vec<String>)> {
        let mut count = COUNT;
        let reply = loop {
            match self.scan_some(prefix, cursor, operation, count).await {
                Ok(reply) => break reply,
                // Keys may be long: the fewer slots are looked at, the fewer come.
                Err(complaint) if complaint.remedy == Remedy::Split && count > 1 => count = (count / 10).max(1),
                Err(complaint) => return Err(complaint.error),
            }
        };
        let Reply::Array(parts) = reply else { return Err(unexpected().error) };
        let [cursor, Reply::Array(items)] = parts.as_slice() else { return Err(unexpected().error) };
        let cursor = match cursor {
            Reply::Integer(cursor) => cursor.to_string(),
            Reply::Bytes(cursor) => String::from_utf8(cursor.clone()).map_err(|_| unexpected().error)?,
            _ => return Err(unexpected().error),
        };
        let (mut keys, mut doubtful) = (Vec::new(), Vec::new());
        for item in items {
            let Reply::Bytes(key) = item else { return Err(unexpected().error) };
            match std::str::from_utf8(key) {
                Ok(key) if !key.starts_with(prefix) => {}
                Ok(text) if envelope::is_doubtful(key) => doubtful.push(text.to_owned()),
                Ok(key) => keys.push(key.to_owned()),
                // No key of ours: it is no text.
                Err(_) => {}
            }
        }
        keys.extend(self.confirmed(doubtful, operation).await?);
        Ok((cursor, keys))
    }

    async fn scan_some(&self, prefix: &str, cursor: &str, operation: &'static str, count: usize) -> Heard<Reply> {
        let command =
            Command::new("SCAN").arg(cursor).arg("MATCH").arg(glob(prefix)).arg("COUNT").arg(count.to_string());
        let ask = Ask {
            operation,
            keys: 0,
            form: Form::Plain,
            spoken: true,
            pipelined: false,
            together: false,
            fits: is_step,
        };
        match self.client.ask_one(&command, ask).await {
            Ok(reply) => reply,
            Err(error) => Err(hopeless(error)),
        }
    }

    /// Of `keys` that may be what the server has made of others that are no text, those that exist.
    async fn confirmed(&self, keys: Vec<String>, operation: &'static str) -> Result<Vec<String>> {
        if keys.is_empty() {
            return Ok(keys);
        }
        let commands: Vec<Command> = keys.iter().map(|key| Command::new("EXISTS").arg(key)).collect();
        let fits = |reply: &Reply, _| reply.integer().is_some();
        let ask = Ask {
            operation,
            keys: keys.len(),
            form: Form::Plain,
            spoken: true,
            pipelined: true,
            together: false,
            fits,
        };
        let Outcome::Answered(replies) = self.client.ask(&commands, ask).await? else {
            return Err(unexpected().error);
        };
        let mut existing = Vec::new();
        for (key, reply) in keys.into_iter().zip(replies) {
            if reply.map_err(|complaint| complaint.error)?.integer() == Some(1) {
                existing.push(key);
            }
        }
        Ok(existing)
    }

    /// Removes what begins with `prefix`; everything, where it is empty.
    pub(super) async fn remove_all(&self, prefix: String) -> Result<()> {
        if prefix.is_empty() {
            let fits = |reply: &Reply, _| reply.is_ok();
            let ask = Ask {
                operation: "clear",
                keys: 0,
                form: Form::Plain,
                spoken: true,
                pipelined: false,
                together: false,
                fits,
            };
            let answer = self.client.ask_one(&Command::new("FLUSHDB"), ask).await?;
            return answer.map(drop).map_err(|complaint| complaint.error);
        }
        // Keys may be deleted during a scan: those that exist throughout still come.
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = self.scan(&prefix, &cursor, "clear").await?;
            self.delete(&keys.into_iter().collect::<Keys>()).await?;
            cursor = next;
            if cursor == "0" {
                return Ok(());
            }
        }
    }
}

/// Whether a reply is a step of a scan: a cursor and keys.
fn is_step(reply: &Reply, _: usize) -> bool {
    let Reply::Array(parts) = reply else { return false };
    matches!(parts.as_slice(), [cursor, Reply::Array(keys)]
        if matches!(cursor, Reply::Bytes(_) | Reply::Integer(_)) && keys.iter().all(|key| matches!(key, Reply::Bytes(_))))
}
