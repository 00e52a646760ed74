//! As much of Redis as the store asks for, in memory, and as strict as the real one about what it is asked.

use std::collections::BTreeMap;

use super::Dice;

/// What a command is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Null,
    Integer(i64),
    Bulk(Vec<u8>),
    Status(&'static str),
    Array(Vec<Self>),
    Error(String),
}

impl Reply {
    fn bulk(text: impl AsRef<[u8]>) -> Self {
        Self::Bulk(text.as_ref().to_vec())
    }

    pub fn error(words: impl Into<String>) -> Self {
        Self::Error(words.into())
    }
}

/// One argument of a command, or its name.
pub type Argument = Vec<u8>;

#[derive(Clone)]
struct Entry {
    /// `None` for what is no string: another program's list.
    value: Option<Vec<u8>>,
    expires: Option<u64>,
}

/// One database.
pub struct Database {
    entries: BTreeMap<Vec<u8>, Entry>,
    /// Where each scan goes on, by its cursor: behind this key.
    cursors: BTreeMap<u64, Option<Vec<u8>>>,
    dice: Dice,
    /// Commands that are not known here.
    pub lacks: &'static [&'static str],
}

impl Database {
    pub fn new(lacks: &'static [&'static str]) -> Self {
        Self { entries: BTreeMap::new(), cursors: BTreeMap::new(), dice: Dice::new(0x5CA2), lacks }
    }

    /// The string under `key`.
    pub fn peek(&self, key: &str, now: u64) -> Option<Vec<u8>> {
        self.live(key.as_bytes(), now)?.value.clone()
    }

    /// How long the entry under `key` still lives, in milliseconds, if it does not for ever.
    pub fn life(&self, key: &str, now: u64) -> Option<u64> {
        Some(self.live(key.as_bytes(), now)?.expires? - now)
    }

    /// Keys that are no strings, as a native client may have put them there.
    pub fn put_raw(&mut self, key: impl AsRef<[u8]>, value: Option<&[u8]>) {
        let value = value.map(<[u8]>::to_vec);
        self.entries.insert(key.as_ref().to_vec(), Entry { value, expires: None });
    }

    pub fn len(&self, now: u64) -> usize {
        self.entries.keys().filter(|key| self.live(key, now).is_some()).count()
    }

    fn live(&self, key: &[u8], now: u64) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.expires.is_none_or(|at| at > now))
    }

    /// Runs one command.
    pub fn run(&mut self, command: &[Argument], now: u64) -> Reply {
        let Some((name, arguments)) = command.split_first() else { return Reply::error("ERR empty command") };
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        if self.lacks.contains(&name.as_str()) {
            return unknown(&name);
        }
        match (name.as_str(), arguments) {
            ("ECHO", [text]) => Reply::bulk(text),
            ("MGET", [_, ..]) => Reply::Array(arguments.iter().map(|key| self.get(key, now)).collect()),
            ("MSET", [_, _, ..]) if arguments.len().is_multiple_of(2) => {
                self.put_all(arguments, None);
                Reply::Status("OK")
            }
            ("MSETEX", [count, rest @ ..]) => self.msetex(count, rest, now),
            ("SET", [key, value]) => {
                self.put(key, value, None);
                Reply::Status("OK")
            }
            ("SET", [key, value, unit, life]) if is(unit, "PX") => match expiry(life, now, "set") {
                Ok(expires) => {
                    self.put(key, value, Some(expires));
                    Reply::Status("OK")
                }
                Err(words) => Reply::Error(words),
            },
            ("SET", [_, _, ..]) => Reply::error("ERR syntax error"),
            ("UNLINK" | "DEL", [_, ..]) => {
                let mut gone = 0;
                for key in arguments {
                    gone += i64::from(self.live(key, now).is_some());
                    self.entries.remove(key);
                }
                Reply::Integer(gone)
            }
            ("EXISTS", [_, ..]) => {
                Reply::Integer(arguments.iter().filter(|key| self.live(key, now).is_some()).count() as i64)
            }
            ("STRLEN", [key]) => {
                self.of_string(key, now, Reply::Integer(0), |value| Reply::Integer(value.len() as i64))
            }
            ("GETRANGE", [key, start, end]) => match (integer(start), integer(end)) {
                (Some(start), Some(end)) => {
                    self.of_string(key, now, Reply::bulk(""), |value| Reply::bulk(range(value, start, end)))
                }
                _ => Reply::error("ERR value is not an integer or out of range"),
            },
            ("PTTL", [key]) => Reply::Integer(match self.live(key, now) {
                None => -2,
                Some(Entry { expires: None, .. }) => -1,
                Some(Entry { expires: Some(at), .. }) => (at - now) as i64,
            }),
            ("SCAN", [cursor, how @ ..]) => self.scan(cursor, how, now),
            ("FLUSHDB", []) => {
                self.entries.clear();
                Reply::Status("OK")
            }
            (
                "ECHO" | "MGET" | "MSET" | "SET" | "UNLINK" | "DEL" | "EXISTS" | "STRLEN" | "GETRANGE" | "PTTL"
                | "SCAN" | "FLUSHDB",
                _,
            ) => arity(&name),
            _ => unknown(&name),
        }
    }

    fn get(&self, key: &[u8], now: u64) -> Reply {
        self.live(key, now).and_then(|entry| entry.value.clone()).map_or(Reply::Null, Reply::Bulk)
    }

    fn put(&mut self, key: &[u8], value: &[u8], expires: Option<u64>) {
        self.entries.insert(key.to_vec(), Entry { value: Some(value.to_vec()), expires });
    }

    fn put_all(&mut self, pairs: &[Argument], expires: Option<u64>) {
        for pair in pairs.chunks_exact(2) {
            self.put(&pair[0], &pair[1], expires);
        }
    }

    fn msetex(&mut self, count: &[u8], rest: &[Argument], now: u64) -> Reply {
        let Some(count) = integer(count).and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0)
        else {
            return Reply::error("ERR invalid numkeys value");
        };
        let Some((pairs, how)) = rest.split_at_checked(count * 2) else { return arity("MSETEX") };
        let expires = match how {
            [] => None,
            [unit, life] if is(unit, "PX") => match expiry(life, now, "msetex") {
                Ok(expires) => Some(expires),
                Err(words) => return Reply::Error(words),
            },
            _ => return Reply::error("ERR syntax error"),
        };
        self.put_all(pairs, expires);
        Reply::Integer(1)
    }

    fn of_string(&self, key: &[u8], now: u64, missing: Reply, of: impl FnOnce(&[u8]) -> Reply) -> Reply {
        match self.live(key, now) {
            None => missing,
            Some(Entry { value: Some(value), .. }) => of(value),
            Some(_) => Reply::error("WRONGTYPE Operation against a key holding the wrong kind of value"),
        }
    }

    /// As legal as a scan can be, and as awkward: pages of any length, empty ones among them, keys that come twice, cursors
    /// beyond what a signed number holds.
    fn scan(&mut self, cursor: &[u8], how: &[Argument], now: u64) -> Reply {
        let (pattern, count) = match how {
            [] => (None, 10),
            [a, pattern] if is(a, "MATCH") => (Some(pattern), 10),
            [a, pattern, b, count] if is(a, "MATCH") && is(b, "COUNT") => {
                (Some(pattern), integer(count).unwrap_or(0).max(0) as usize)
            }
            _ => return Reply::error("ERR syntax error"),
        };
        if count == 0 {
            return Reply::error("ERR syntax error");
        }
        let Some(cursor) = std::str::from_utf8(cursor).ok().and_then(|text| text.parse::<u64>().ok()) else {
            return Reply::error("ERR invalid cursor");
        };
        let after = match cursor {
            0 => None,
            cursor => match self.cursors.get(&cursor) {
                Some(after) => after.clone(),
                None => return Reply::error("ERR invalid cursor"),
            },
        };
        let all: Vec<&Vec<u8>> = self.entries.keys().collect();
        let from = after.as_ref().map_or(0, |after| all.partition_point(|key| *key <= after));
        let empty = self.dice.one_in(8) && cursor == 0;
        let to = if empty { from } else { all.len().min(from + 1 + self.dice.below(count)) };
        // A few that have come already come again, as they do while the table is resized.
        let begin = from.saturating_sub(self.dice.below(3));
        let is_match = |key: &&&Vec<u8>| pattern.is_none_or(|pattern| glob(pattern, key));
        let mut found: Vec<Reply> = all[begin..to]
            .iter()
            .filter(|key| self.live(key, now).is_some())
            .filter(is_match)
            .map(Reply::bulk)
            .collect();
        if self.dice.one_in(4) {
            found.extend(found.first().cloned());
        }
        let last = all.get(to.wrapping_sub(1)).map(|key| (*key).clone());
        let next = if to == all.len() && !empty {
            0
        } else {
            let next = self.dice.next() | 1 << 63;
            self.cursors.insert(next, if empty { after } else { last });
            next
        };
        Reply::Array(vec![Reply::bulk(next.to_string()), Reply::Array(found)])
    }
}

fn unknown(name: &str) -> Reply {
    Reply::Error(format!("ERR unknown command '{name}', with args beginning with: "))
}

fn arity(name: &str) -> Reply {
    Reply::Error(format!("ERR wrong number of arguments for '{}' command", name.to_lowercase()))
}

fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

fn integer(argument: &[u8]) -> Option<i64> {
    std::str::from_utf8(argument).ok()?.parse().ok()
}

/// When what lives for `life` milliseconds expires: refused as Redis does where its numbers do not reach.
fn expiry(life: &[u8], now: u64, command: &str) -> Result<u64, String> {
    let life = integer(life).ok_or("ERR value is not an integer or out of range")?;
    let ends = i64::try_from(now).ok().and_then(|now| now.checked_add(life)).filter(|_| life > 0);
    ends.map(i64::unsigned_abs).ok_or_else(|| format!("ERR invalid expire time in '{command}' command"))
}

fn range(value: &[u8], start: i64, end: i64) -> &[u8] {
    let length = value.len() as i64;
    let at = |index: i64| if index < 0 { (length + index).max(0) } else { index };
    let (start, end) = (at(start), at(end).min(length - 1));
    if start > end { &[] } else { &value[start as usize..=end as usize] }
}

/// Redis' patterns, but for its sets: the store has no use for those, and must escape their brackets.
fn glob(pattern: &[u8], key: &[u8]) -> bool {
    match (pattern, key) {
        ([], key) => key.is_empty(),
        ([b'*', rest @ ..], key) => (0..=key.len()).any(|skip| glob(rest, &key[skip..])),
        ([b'?', rest @ ..], [_, key @ ..]) => glob(rest, key),
        ([b'[', ..], _) => panic!("a set in a pattern: {:?}", String::from_utf8_lossy(pattern)),
        ([b'\\', literal, rest @ ..], [byte, key @ ..]) | ([literal, rest @ ..], [byte, key @ ..]) => {
            literal == byte && glob(rest, key)
        }
        _ => false,
    }
}
