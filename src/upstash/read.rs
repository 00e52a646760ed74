//! `MGET`, in batches of a size that is predicted from what was read before; and what is known of entries without their
//! values.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::{Ask, Outcome};
use super::command::Command;
use super::complaint::{Complaint, Heard, Remedy};
use super::drive::{Begun, drive};
use super::envelope;
use super::reply::{Form, Reply};
use super::{Core, Encoding};
use crate::error::{ErrorCode, shown_key};
use crate::store::{Expiry, Lookup, Stat};
use crate::{Error, Keys, Result, Value};

/// Requests at once. Workers have six connections in all.
pub const AT_ONCE: usize = 4;

/// How many keys a `stat` asks about in one request: five commands each.
const STATS_AT_ONCE: usize = 200;

/// A text that is no base64, of bytes that are no ASCII: it tells a server that has ignored the header.
const CANARY: &str = "\u{e9}";

/// What was read of a key: stored bytes, or nothing.
type Found = Option<Vec<u8>>;

/// What was read of the keys so far; nothing at all of those that were not asked for yet.
type Answers = Mutex<Vec<Option<Found>>>;

impl Core {
    /// The answer to `keys`.
    pub(super) async fn read(&self, keys: &Keys) -> Result<Vec<Lookup>> {
        let places = keys.last_places();
        let is_last = |at: usize| places.get(at) == Some(&at);
        let mut names = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            if is_last(at) {
                names.push(key);
            }
        }
        let mut stored = self.read_distinct(&names).await?.into_iter();
        let mut values: Vec<Option<Value>> = vec![None; keys.len()];
        for (at, value) in values.iter_mut().enumerate() {
            if is_last(at) {
                *value = stored.next().flatten().map(|stored| self.value(stored));
            }
        }
        let mut found = Vec::with_capacity(keys.len());
        for place in &places {
            found.push(Lookup { value: values.get(*place).cloned().flatten(), ..Lookup::default() });
        }
        Ok(found)
    }

    fn value(&self, stored: Vec<u8>) -> Value {
        match self.encoding {
            Encoding::Auto => envelope::unwrap(&stored).unwrap_or(stored).into(),
            Encoding::Raw => stored.into(),
        }
    }

    async fn read_distinct(&self, keys: &[&str]) -> Result<Vec<Found>> {
        let answers: Answers = Mutex::new(vec![None; keys.len()]);
        // What is to be learned from the first batch is waited for.
        let width = |()| if self.learned.knows_anything() { AT_ONCE } else { 1 };
        let begin = |range: Range<usize>| {
            let mut lengths = Vec::with_capacity(range.len());
            keys.get(range.clone()).unwrap_or_default().iter().for_each(|key| lengths.push(key.len()));
            let end = range.start + self.learned.next_read(&lengths);
            let answers = &answers;
            let sent = Box::pin(async move {
                let batch = keys.get(range.start..end).unwrap_or_default();
                keep(answers, range.start..end, self.mget_somehow(batch).await?);
                Ok(())
            });
            Begun { end, sent }
        };
        drive(keys.len(), &width, &begin).await.map_err(|failed| failure(keys, failed))?;

        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::with_capacity(answers.len());
        for answer in answers {
            // A key that nobody asked for must not look as if it were missing.
            found.push(answer.ok_or_else(|| Error::new(ErrorCode::Internal, "a key was not asked for"))?);
        }
        Ok(found)
    }

    /// One `MGET`, in the form that suits what is known of the values.
    async fn mget_somehow(&self, keys: &[&str]) -> Heard<Vec<Found>> {
        let bytes = self.encoding == Encoding::Raw || self.learned.large();
        if bytes && self.prefer_resp2 && !self.no_resp2.is() {
            match self.mget(keys, Form::Resp2).await? {
                Some(found) => return Ok(found),
                None => self.no_resp2.learn(),
            }
        }
        let mut found = match self.mget(keys, Form::Plain).await {
            Ok(found) => found.ok_or_else(unexpected)?,
            // What is no text has three times its size in plain JSON.
            Err(complaint) if complaint.remedy == Remedy::Split && keys.len() == 1 => {
                let exactly = self.mget_exactly(keys).await;
                return exactly.map_err(|other| if other.remedy == Remedy::Split { other } else { complaint });
            }
            Err(complaint) => return Err(complaint),
        };
        let is_doubtful = |found: &Found| found.as_deref().is_some_and(envelope::is_doubtful);
        let (mut doubtful, mut names) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            if found.get(at).is_some_and(is_doubtful) {
                doubtful.push(at);
                names.push(*key);
            }
        }
        if !doubtful.is_empty() {
            for (at, exact) in doubtful.into_iter().zip(self.mget_exactly(&names).await?) {
                if let Some(slot) = found.get_mut(at) {
                    *slot = exact;
                }
            }
        }
        Ok(found)
    }

    /// One `MGET`; `None` for replies in another form than the one that was asked for.
    async fn mget(&self, keys: &[&str], form: Form) -> Heard<Option<Vec<Found>>> {
        let command = Command::new("MGET").args(keys.iter().copied());
        // One more command, once: does the server know this form, or does its answer merely look so?
        let canary = form == Form::Base64 && !self.base64.is();
        let spoken = match form {
            Form::Plain => true,
            Form::Base64 => self.base64.is(),
            Form::Resp2 => self.resp2.is(),
        };
        let ask = Ask {
            operation: "get",
            keys: keys.len(),
            form,
            spoken,
            pipelined: canary,
            together: false,
            fits: are_values,
        };
        let commands = if canary { vec![Command::new("ECHO").arg(CANARY), command] } else { vec![command] };
        let mut replies = match self.client.ask(&commands, ask).await {
            Ok(Outcome::Answered(replies)) => replies,
            Ok(Outcome::OtherForm) => return Ok(None),
            Err(error) => return Err(self.learn_limit(hopeless(error)).without_other_command()),
        };
        let answer = replies.pop();
        if canary {
            if !matches!(replies.pop(), Some(Ok(Reply::Bytes(echo))) if echo == CANARY.as_bytes()) {
                return Ok(None);
            }
            self.base64.learn();
        }
        if form == Form::Resp2 {
            self.resp2.learn();
        }
        let Reply::Array(items) =
            answer.ok_or_else(unexpected)?.map_err(|complaint| self.learn_limit(complaint).without_other_command())?
        else {
            return Err(unexpected());
        };
        let (mut hits, mut bytes) = (0, 0);
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            found.push(match item {
                Reply::Bytes(stored) => {
                    hits += 1;
                    bytes += stored.len() + 3;
                    Some(stored)
                }
                _ => None,
            });
        }
        if hits > 0 {
            self.learned.saw(hits, bytes);
        } else {
            self.learned.saw_nothing(keys.len());
        }
        Ok(Some(found))
    }

    /// One `MGET` in a form that can hold any bytes, for what plain JSON cannot.
    async fn mget_exactly(&self, keys: &[&str]) -> Heard<Vec<Found>> {
        let mut too_large = None;
        for (form, lacks) in [(Form::Base64, &self.no_base64), (Form::Resp2, &self.no_resp2)] {
            if lacks.is() {
                continue;
            }
            match self.mget(keys, form).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => lacks.learn(),
                // Base64 has a third more than the value.
                Err(complaint) if complaint.remedy == Remedy::Split && keys.len() == 1 => too_large = Some(complaint),
                Err(complaint) => return Err(complaint),
            }
        }
        let key = shown_key(keys.first().copied().unwrap_or_default());
        let message = format!("the value of {key} is no text, and this server can give nothing else");
        Err(too_large.unwrap_or_else(|| hopeless(Error::new(ErrorCode::Corrupt, message))))
    }

    /// What is known of `keys`. `STRLEN` and `GETRANGE` tell the length without the value, `PTTL` the life.
    pub(super) async fn read_stats(&self, keys: &Keys) -> Result<Vec<Option<Stat>>> {
        let all: Vec<&str> = keys.iter().collect();
        let mut stats = Vec::with_capacity(all.len());
        for batch in all.chunks(STATS_AT_ONCE) {
            for (key, stat) in batch.iter().zip(self.stats_of(batch).await?) {
                let mut stat = stat;
                for _ in 0..STAT_TRIES {
                    if stat.is_none() {
                        stat = self.stats_of(&[key]).await?.pop().flatten();
                    }
                }
                stats.push(stat.ok_or_else(|| unexpected().error)?);
            }
        }
        Ok(stats)
    }

    /// What is known of each key; nothing of one that has changed between the commands, which are no transaction.
    async fn stats_of(&self, keys: &[&str]) -> Result<Vec<Option<Option<Stat>>>> {
        let mut commands = Vec::with_capacity(keys.len() * STAT_COMMANDS);
        keys.iter().for_each(|key| commands.extend(stat_commands(key)));
        let ask = Ask {
            operation: "stat",
            keys: keys.len(),
            form: Form::Plain,
            spoken: true,
            pipelined: true,
            together: true,
            fits: |reply, _| matches!(reply, Reply::Bytes(_)) || reply.integer().is_some(),
        };
        let Outcome::Answered(replies) = self.client.ask(&commands, ask).await? else {
            return Err(unexpected().error);
        };
        let mut stats = Vec::with_capacity(keys.len());
        for answers in replies.chunks(STAT_COMMANDS) {
            stats.push(self.stat_of(answers)?);
        }
        Ok(stats)
    }

    fn stat_of(&self, answers: &[Heard<Reply>]) -> Result<Option<Option<Stat>>> {
        let mut replies = Vec::with_capacity(answers.len());
        for answer in answers {
            match answer {
                Ok(reply) => replies.push(reply),
                // Another program's list or hash: missing, as it is for MGET.
                Err(complaint) if complaint.error.code() == ErrorCode::Corrupt => return Ok(Some(None)),
                Err(complaint) => return Err(complaint.error.clone()),
            }
        }
        let [length, life, Reply::Bytes(head), Reply::Bytes(tail), again] = replies.as_slice() else {
            return Err(unexpected().error);
        };
        let (Some(length), Some(life)) = (length.integer(), life.integer()) else { return Err(unexpected().error) };
        let length = length.unsigned_abs();
        let expiry = match life {
            -1 => Expiry::Never,
            0.. => Expiry::In(Duration::from_millis(life.unsigned_abs())),
            _ => return Ok(Some(None)),
        };
        if again.integer().map(i64::unsigned_abs) != Some(length) || head.is_empty() != (length == 0) {
            return Ok(None);
        }
        let bytes = match self.encoding {
            Encoding::Auto => envelope::length_of(length, head, tail),
            Encoding::Raw => length,
        };
        Ok(Some(Some(Stat { bytes, expiry, written: None })))
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

/// How many commands tell what is known of a key, and how often they are tried on one that changes meanwhile.
const STAT_COMMANDS: usize = 5;
const STAT_TRIES: usize = 5;

fn stat_commands(key: &str) -> [Command; STAT_COMMANDS] {
    let last = (envelope::MARKER.len() - 1).to_string();
    [
        Command::new("STRLEN").arg(key),
        Command::new("PTTL").arg(key),
        Command::new("GETRANGE").arg(key).arg("0").arg(last),
        Command::new("GETRANGE").arg(key).arg("-2").arg("-1"),
        Command::new("STRLEN").arg(key),
    ]
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

/// What a read of `keys` fails with.
fn failure(keys: &[&str], (at, complaint): (usize, Complaint)) -> Error {
    if complaint.remedy != Remedy::Split {
        return complaint.error;
    }
    let key = shown_key(keys.get(at).copied().unwrap_or_default());
    let message = format!("the value of {key}: {}", complaint.error.message());
    let details = complaint.error.details().cloned().unwrap_or_default();
    Error::new(ErrorCode::TooLarge, message).with_details(details)
}

/// Whether a reply is that of `MGET`, or the canary's.
fn are_values(reply: &Reply, keys: usize) -> bool {
    match reply {
        Reply::Array(items) => {
            items.len() == keys && items.iter().all(|item| matches!(item, Reply::Null | Reply::Bytes(_)))
        }
        reply => matches!(reply, Reply::Bytes(echo) if echo == CANARY.as_bytes()),
    }
}

fn locked(answers: &Answers) -> MutexGuard<'_, Vec<Option<Found>>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(answers: &Answers, range: Range<usize>, found: Vec<Found>) {
    let mut answers = locked(answers);
    for (slot, found) in answers.iter_mut().take(range.end).skip(range.start).zip(found) {
        *slot = Some(found);
    }
}
