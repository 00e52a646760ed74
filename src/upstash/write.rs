//! `MSET`, `MSETEX`, `SET` and `UNLINK`, in batches by encoded bytes.

use std::ops::Range;
use std::time::Duration;

use super::batch::{MOST_KEYS, Room};
use super::client::{Ask, Outcome};
use super::command::{Command, percent_encoded, quoted_len};
use super::complaint::{Heard, Remedy};
use super::drive::{Begun, drive};
use super::read::{AT_ONCE, hopeless, unexpected};
use super::reply::{Form, Reply};
use super::{Core, Encoding, base64, envelope};
use crate::error::shown_key;
use crate::timer::micros;
use crate::{Entries, Error, Keys, Result, Value};

/// The longest path that servers take: Node's take 16 kB of headers in all.
const LONGEST_PATH: usize = 8_000;

/// From here on, in milliseconds, a life is for ever: 285,000 years.
const LONGEST_LIFE: u64 = 1 << 53;

/// The most bytes of keys that are deleted by one command.
const DELETED_BYTES: usize = 1 << 20;

/// An entry that is to be written.
type Entry<'e> = (&'e str, &'e Value);

/// What one request writes.
struct Batch {
    commands: Vec<Command>,
    /// What every command must be answered.
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Ok,
    One,
}

impl Core {
    /// Stores `entries` for `life`, of duplicates the last.
    pub(super) async fn write(&self, entries: &Entries, life: Option<Duration>) -> Result<()> {
        let places = entries.keys().last_places();
        let (mut bytes, mut others): (Vec<Entry<'_>>, Vec<Entry<'_>>) = (Vec::new(), Vec::new());
        // All of them are looked at before anything is sent.
        for (at, (key, value)) in entries.iter().enumerate() {
            if places.get(at) != Some(&at) {
                continue;
            }
            self.check_size(key, value)?;
            let raw = self.encoding == Encoding::Raw && !is_text(value);
            if raw { &mut bytes } else { &mut others }.push((key, value));
        }
        // Redis counts whole milliseconds, and refuses zero.
        let life = life.map(|life| micros(life).div_ceil(1_000).max(1));
        // Nor what no clock can show, which it counts from now on in 63 bits, and JavaScript's servers in 53.
        let life = life.filter(|life| *life < LONGEST_LIFE);
        self.write_all(&others, life).await?;
        self.write_raw(&bytes, life).await
    }

    /// Refuses an entry that is larger than any command may be.
    fn check_size(&self, key: &str, value: &Value) -> Result<()> {
        let limit = self.learned.limit();
        // Six bytes for one is the worst that JSON makes of a text: `\u0001`.
        let most = (value.len() as u64 + key.len() as u64) * 6 + 64;
        if most <= limit {
            return Ok(());
        }
        let bytes = value.to_vec();
        let stored = match self.encoding {
            Encoding::Auto if envelope::is_verbatim(&bytes) => quoted_len(&bytes),
            Encoding::Auto => envelope::MARKER.len() + base64::encoded_len(bytes.len()) + 2,
            Encoding::Raw if std::str::from_utf8(&bytes).is_ok() => quoted_len(&bytes),
            Encoding::Raw => bytes.len(),
        };
        let actual = (stored + quoted_len(key.as_bytes()) + 16) as u64;
        if actual > limit {
            return Err(Error::too_large(&format!("the value of {}, encoded,", shown_key(key)), actual, limit));
        }
        Ok(())
    }

    async fn write_all(&self, entries: &[Entry<'_>], life: Option<u64>) -> Result<()> {
        let begin = |range: Range<usize>| {
            let one_by_one = life.is_some() && self.no_msetex.is();
            let (end, batch) = self.next_batch(entries, range.clone(), life, one_by_one);
            let count = end - range.start;
            let sent = Box::pin(async move {
                self.send(&batch, count).await.map_err(|complaint| {
                    if batch.expected != Expected::One {
                        return self.learn_limit(complaint).without_other_command();
                    }
                    if complaint.remedy == Remedy::OtherCommand {
                        self.no_msetex.learn();
                    }
                    self.learn_limit(complaint)
                })
            });
            Begun { end, sent }
        };
        drive(entries.len(), &|()| AT_ONCE, &begin).await.map_err(|(_, complaint)| complaint.error)
    }

    /// As many of `range` as one request takes: where it ends, and what it is.
    fn next_batch(
        &self,
        entries: &[Entry<'_>],
        range: Range<usize>,
        life: Option<u64>,
        one_by_one: bool,
    ) -> (usize, Batch) {
        let room = Room::below(self.learned.limit());
        let life = life.map(|life| life.to_string());
        let mut arguments = Command::default();
        let mut commands = Vec::new();
        let (mut size, mut end, mut bytes) = (0, range.start, 0);
        for (key, value) in entries.get(range.clone()).unwrap_or_default() {
            let value = self.stored(value);
            let item = quoted_len(key.as_bytes()) + quoted_len(&value) + 2;
            let item = if one_by_one { item + 40 } else { item };
            if !room.takes(size, item) {
                break;
            }
            size += item;
            end += 1;
            bytes += value.len() + 3;
            if one_by_one {
                commands.push(set(key, &value, life.as_deref()));
            } else {
                arguments.push(key.as_bytes());
                arguments.push(&value);
            }
        }
        let count = end - range.start;
        self.learned.saw(count, bytes);
        let mut expected = Expected::Ok;
        if !one_by_one {
            let command = match (&life, count) {
                (life, 1) => Command::new("SET").continued(arguments).timed(life.as_deref()),
                (None, _) => Command::new("MSET").continued(arguments),
                (Some(life), _) => {
                    expected = Expected::One;
                    Command::new("MSETEX").arg(count.to_string()).continued(arguments).timed(Some(life))
                }
            };
            commands.push(command);
        }
        (end, Batch { commands, expected })
    }

    /// What stands in Redis for `value`.
    fn stored(&self, value: &Value) -> Vec<u8> {
        let bytes = value.to_vec();
        match self.encoding {
            Encoding::Auto => envelope::wrap(&bytes).unwrap_or(bytes),
            Encoding::Raw => bytes,
        }
    }

    async fn send(&self, batch: &Batch, keys: usize) -> Heard<()> {
        let fits = match batch.expected {
            Expected::Ok => |reply: &Reply, _| reply.is_ok(),
            Expected::One => |reply: &Reply, _| reply.integer() == Some(1) || reply.is_ok(),
        };
        let ask = Ask {
            operation: "set",
            keys,
            form: Form::Plain,
            spoken: true,
            pipelined: batch.commands.len() > 1,
            together: false,
            fits,
        };
        let Outcome::Answered(replies) = self.client.ask(&batch.commands, ask).await.map_err(hopeless)? else {
            return Err(unexpected());
        };
        replies.into_iter().try_for_each(|reply| reply.map(drop))
    }

    /// Values that are no text, one to a request.
    async fn write_raw(&self, entries: &[Entry<'_>], life: Option<u64>) -> Result<()> {
        let query = life.map_or_else(String::new, |life| format!("?PX={life}"));
        let path = |key: &str| ["set/", &percent_encoded(key), &query].concat();
        for (key, _) in entries {
            // What stands for "here" and "up" is resolved by whoever handles the URL, percent-encoded or not.
            if matches!(*key, "" | "." | "..") || path(key).len() > LONGEST_PATH {
                return Err(Error::unsupported(format!(
                    "encoding: \"raw\" writes values that are no text under keys that can stand in a URL's path, and {} cannot",
                    shown_key(key)
                )));
            }
        }
        let begin = |range: Range<usize>| {
            let path = &path;
            let sent = Box::pin(async move {
                let Some((key, value)) = entries.get(range.start) else { return Ok(()) };
                let commands = vec![Command::raw(path(key), value.to_vec())];
                self.send(&Batch { commands, expected: Expected::Ok }, 1).await.map_err(|mut complaint| {
                    complaint.remedy = Remedy::None;
                    complaint
                })
            });
            Begun { end: range.start + 1, sent }
        };
        drive(entries.len(), &|()| AT_ONCE, &begin).await.map_err(|(_, complaint)| complaint.error)
    }

    /// Deletes `keys`.
    pub(super) async fn delete(&self, keys: &Keys) -> Result<()> {
        let all: Vec<&str> = keys.iter().collect();
        let begin = |range: Range<usize>| {
            let room = Room::below(self.learned.limit());
            let room = Room { target: room.target.min(DELETED_BYTES), ..room };
            let sizes = all.get(range.clone()).unwrap_or_default().iter().map(|key| quoted_len(key.as_bytes()) + 1);
            let end = range.start + room.first_batch(sizes).min(MOST_KEYS);
            let all = &all;
            let sent = Box::pin(async move {
                let keys = all.get(range.start..end).unwrap_or_default();
                self.unlink(keys).await.map_err(|complaint| self.learn_limit(complaint))
            });
            Begun { end, sent }
        };
        drive(all.len(), &|()| AT_ONCE, &begin).await.map_err(|(_, complaint)| complaint.error)
    }

    async fn unlink(&self, keys: &[&str]) -> Heard<()> {
        let unlink = !self.no_unlink.is();
        let command = Command::new(if unlink { "UNLINK" } else { "DEL" }).args(keys.iter().copied());
        let fits = |reply: &Reply, _| reply.integer().is_some();
        let ask = Ask {
            operation: "delete",
            keys: keys.len(),
            form: Form::Plain,
            spoken: true,
            pipelined: false,
            together: false,
            fits,
        };
        let answer = match self.client.ask_one(&command, ask).await {
            Ok(answer) => answer.map(drop),
            Err(error) => Err(hopeless(error)),
        };
        answer.map_err(|complaint| {
            if !unlink {
                return complaint.without_other_command();
            }
            if complaint.remedy == Remedy::OtherCommand {
                self.no_unlink.learn();
            }
            complaint
        })
    }
}

fn set(key: &str, value: &[u8], life: Option<&str>) -> Command {
    Command::new("SET").arg(key).arg(value).timed(life)
}

impl Command {
    /// The same with `PX`, if there is a life in milliseconds.
    fn timed(self, life: Option<&str>) -> Self {
        match life {
            Some(life) => self.arg("PX").arg(life),
            None => self,
        }
    }
}

fn is_text(value: &Value) -> bool {
    std::str::from_utf8(&value.to_vec()).is_ok()
}
