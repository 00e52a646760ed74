//! `MGET`, in batches of a size that is predicted from what was read before; and what is known of entries without their
//! values.

use std::time::Duration;

use super::batch::{halves, MOST_KEYS};
use super::client::{Ask, Outcome};
use super::command::Command;
use super::complaint::{Complaint, Remedy};
use super::envelope;
use super::reply::{Form, Reply};
use super::{Core, Encoding};
use crate::error::{ErrorCode, shown_key};
use crate::future::InFlight;
use crate::store::{Expiry, Lookup, Stat};
use crate::{Error, Keys, Result, Value};

/// Requests at once. Workers have six connections in all.
pub const AT_ONCE: usize = 4;

/// How many keys a `stat` asks about in one request: four commands each.
const STATS_AT_ONCE: usize = 250;

/// A text that is no base64, of bytes that are no ASCII: it tells a server that has ignored the header.
const CANARY: &str = "\u{e9}";

/// What was read of a key: stored bytes, or nothing.
type Found = Option<Vec<u8>>;

impl Core {
    /// The answer to `keys`.
    pub(super) async fn read(&self, keys: &Keys) -> Result<Vec<Lookup>> {
        let places = keys.last_places();
        let distinct: Vec<(usize, &str)> =
            keys.iter().enumerate().filter(|(at, _)| places.get(*at) == Some(at)).collect();
        let names: Vec<&str> = distinct.iter().map(|(_, key)| *key).collect();
        let mut values: Vec<Option<Value>> = vec![None; keys.len()];
        for ((at, _), stored) in distinct.iter().zip(self.read_distinct(&names).await?) {
            if let Some(value) = values.get_mut(*at) {
                *value = stored.map(|stored| self.value(stored));
            }
        }
        let value = |place: &usize| values.get(*place).cloned().flatten();
        Ok(places.iter().map(|place| Lookup { value: value(place), ..Lookup::default() }).collect())
    }

    fn value(&self, stored: Vec<u8>) -> Value {
        match self.encoding {
            Encoding::Auto => envelope::unwrap(&stored).unwrap_or(stored).into(),
            Encoding::Raw => stored.into(),
        }
    }

    async fn read_distinct(&self, keys: &[&str]) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = vec![None; keys.len()];
        let mut doubtful = Vec::new();
        let mut todo = Vec::from([0..keys.len()]);
        let mut running = InFlight::new();
        loop {
            // What is to be learned from the first batch is waited for.
            while running.len() < if self.learned.knows_values() { AT_ONCE } else { 1 }
                && let Some(range) = todo.pop().filter(|range| !range.is_empty())
            {
                let lengths: Vec<usize> = keys.iter().take(range.end).skip(range.start).map(|key| key.len()).collect();
                let middle = range.start + self.learned.next_read(&lengths);
                todo.push(middle..range.end);
                running.push(Box::pin(async move {
                    let range = range.start..middle;
                    let batch = keys.get(range.clone()).unwrap_or_default();
                    (range, self.mget(batch, Form::Plain).await)
                }));
            }
            let Some((range, end)) = running.next().await else { break };
            match end {
                Err(complaint) if complaint.remedy == Remedy::Split && range.len() > 1 => {
                    let (first, second) = halves(range);
                    todo.extend([second, first]);
                }
                Err(complaint) if complaint.remedy == Remedy::Split => {
                    let key = keys.get(range.start).copied().unwrap_or_default();
                    return Err(too_large_reply(key, &complaint.error));
                }
                Err(complaint) => return Err(complaint.error),
                Ok(values) => {
                    for (at, value) in range.zip(values.into_iter().flatten()) {
                        if value.as_deref().is_some_and(is_doubtful) {
                            doubtful.push(at);
                        }
                        if let Some(slot) = found.get_mut(at) {
                            *slot = value;
                        }
                    }
                }
            }
        }
        for batch in doubtful.chunks(MOST_KEYS) {
            self.read_exactly(keys, batch, &mut found).await?;
        }
        Ok(found)
    }

    /// One `MGET`; `None` for replies in another form than the one that was asked for.
    async fn mget(&self, keys: &[&str], form: Form) -> std::result::Result<Option<Vec<Found>>, Complaint> {
        let command = Command::new("MGET").args(keys.iter().copied());
        let outcome = if form == Form::Base64 && !self.base64.is() {
            // One more command, once: does the server know this form, or does its answer merely look so?
            let ask = Ask { operation: "get", keys: keys.len(), form, pipelined: true };
            match self.client.ask(&[Command::new("ECHO").arg(CANARY), command], ask).await.map_err(hopeless)? {
                Outcome::Answered(mut replies) => {
                    let answer = replies.pop();
                    if !matches!(replies.pop(), Some(Ok(Reply::Bytes(echo))) if echo == CANARY.as_bytes()) {
                        return Ok(None);
                    }
                    self.base64.learn();
                    answer
                }
                Outcome::OtherForm => None,
            }
        } else {
            let ask = Ask { operation: "get", keys: keys.len(), form, pipelined: false };
            match self.client.ask(std::slice::from_ref(&command), ask).await {
                Ok(Outcome::Answered(mut replies)) => replies.pop(),
                Ok(Outcome::OtherForm) => None,
                Err(error) => Some(Err(self.learn_limit(hopeless(error)))),
            }
        };
        let reply = match outcome {
            None => return Ok(None),
            Some(reply) => reply.map_err(|complaint| self.learn_limit(complaint))?,
        };
        let Reply::Array(items) = reply else { return Err(unexpected()) };
        if items.len() != keys.len() {
            return Err(unexpected());
        }
        let (mut hits, mut bytes) = (0, 0);
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            found.push(match item {
                Reply::Null => None,
                Reply::Bytes(stored) => {
                    hits += 1;
                    bytes += stored.len() + 3;
                    Some(stored)
                }
                _ => return Err(unexpected()),
            });
        }
        if hits > 0 {
            self.learned.saw(hits, bytes);
        } else {
            self.learned.saw_nothing(keys.len());
        }
        Ok(Some(found))
    }

    /// Reads again, in a form that can hold any bytes, what plain JSON could not.
    async fn read_exactly(&self, keys: &[&str], which: &[usize], found: &mut [Found]) -> Result<()> {
        let mut todo = Vec::from([0..which.len()]);
        while let Some(range) = todo.pop() {
            let names: Vec<&str> =
                which.iter().take(range.end).skip(range.start).filter_map(|at| keys.get(*at).copied()).collect();
            match self.mget_exactly(&names).await {
                Err(complaint) if complaint.remedy == Remedy::Split && range.len() > 1 => {
                    let (first, second) = halves(range);
                    todo.extend([second, first]);
                }
                Err(complaint) => return Err(complaint.error),
                Ok(values) => {
                    for (at, value) in which.iter().skip(range.start).zip(values) {
                        if let Some(slot) = found.get_mut(*at) {
                            *slot = value;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn mget_exactly(&self, keys: &[&str]) -> std::result::Result<Vec<Found>, Complaint> {
        for (form, lacks) in [(Form::Base64, &self.no_base64), (Form::Resp2, &self.no_resp2)] {
            if !lacks.is() {
                match self.mget(keys, form).await? {
                    Some(found) => return Ok(found),
                    None => lacks.learn(),
                }
            }
        }
        let key = shown_key(keys.first().copied().unwrap_or_default());
        let message = format!("the value of {key} is no text, and this server can give nothing else");
        Err(hopeless(Error::new(ErrorCode::Corrupt, message)))
    }

    /// What is known of `keys`. `STRLEN` and `GETRANGE` tell the length without the value, `PTTL` the life.
    pub(super) async fn read_stats(&self, keys: &Keys) -> Result<Vec<Option<Stat>>> {
        let all: Vec<&str> = keys.iter().collect();
        let mut stats = Vec::with_capacity(all.len());
        for batch in all.chunks(STATS_AT_ONCE) {
            let commands: Vec<Command> = batch.iter().flat_map(|key| stat_commands(key)).collect();
            let ask = Ask { operation: "stat", keys: batch.len(), form: Form::Plain, pipelined: true };
            let Outcome::Answered(replies) = self.client.ask(&commands, ask).await? else {
                return Err(unexpected().error);
            };
            for answers in replies.chunks(4) {
                stats.push(self.stat_of(answers)?);
            }
        }
        Ok(stats)
    }

    fn stat_of(&self, answers: &[std::result::Result<Reply, Complaint>]) -> Result<Option<Stat>> {
        let [length, life, head, tail] = answers else { return Err(unexpected().error) };
        let life = life.clone().map_err(|complaint| complaint.error)?.integer().ok_or_else(|| unexpected().error)?;
        let expiry = match life {
            -1 => Expiry::Never,
            ms => match u64::try_from(ms) {
                Ok(ms) => Expiry::In(Duration::from_millis(ms)),
                Err(_) => return Ok(None),
            },
        };
        let length = match length {
            Ok(reply) => reply.integer().and_then(|length| u64::try_from(length).ok()).ok_or_else(|| unexpected().error)?,
            // Another program's list or hash: missing, as it is for MGET.
            Err(complaint) if complaint.error.code() == ErrorCode::Corrupt => return Ok(None),
            Err(complaint) => return Err(complaint.error.clone()),
        };
        let bytes = match (self.encoding, head, tail) {
            (Encoding::Auto, Ok(Reply::Bytes(head)), Ok(Reply::Bytes(tail))) => envelope::length_of(length, head, tail),
            (Encoding::Raw, ..) => length,
            (Encoding::Auto, head, tail) => {
                let complaint = [head, tail].into_iter().find_map(|reply| reply.as_ref().err().cloned());
                return Err(complaint.unwrap_or_else(unexpected).error);
            }
        };
        Ok(Some(Stat { bytes, expiry, written: None }))
    }

    /// Keeps the limit that a complaint names.
    pub(super) fn learn_limit(&self, complaint: Complaint) -> Complaint {
        if complaint.remedy == Remedy::Split
            && let Some(limit) = complaint.error.details().and_then(|details| details.limit)
        {
            self.learned.limit_is(limit);
        }
        complaint
    }
}

fn stat_commands(key: &str) -> [Command; 4] {
    let last = (envelope::MARKER.len() - 1).to_string();
    [
        Command::new("STRLEN").arg(key),
        Command::new("PTTL").arg(key),
        Command::new("GETRANGE").arg(key).arg("0").arg(last),
        Command::new("GETRANGE").arg(key).arg("-2").arg("-1"),
    ]
}

/// Whether plain JSON may have lost bytes of a value.
fn is_doubtful(stored: &[u8]) -> bool {
    std::str::from_utf8(stored).map_or(true, |text| text.contains('\u{FFFD}'))
}

/// An error of a whole request, as a complaint about it: one about size is to be split, though it comes as an error.
pub(super) fn hopeless(error: Error) -> Complaint {
    let remedy = match error.code() {
        ErrorCode::TooLarge => Remedy::Split,
        ErrorCode::Unsupported => Remedy::OtherCommand,
        _ => Remedy::None,
    };
    Complaint { error, remedy }
}

pub(super) fn unexpected() -> Complaint {
    Complaint::of_malformed("it is not what the command answers", 200)
}

fn too_large_reply(key: &str, error: &Error) -> Error {
    let message = format!("the value of {} is larger than the server gives out in one reply: {}", shown_key(key), error.message());
    let details = error.details().cloned().unwrap_or_default();
    Error::new(ErrorCode::TooLarge, message).with_details(details)
}
