//! Replies, in whichever of its three forms the server gives them (<https://upstash.com/docs/redis/features/restapi>):
//!
//! | form | asked for by | bytes |
//! |---|---|---|
//! | plain JSON | nothing | what is no UTF-8 is replaced by U+FFFD |
//! | base64 | `Upstash-Encoding: base64` | every bulk string is base64; the status `OK` and errors are not |
//! | RESP2 | `Upstash-Response-Format: resp2` | as they are |

use super::json::{self, Json};
use super::{base64, resp};

/// What a command was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A string, or a status.
    Bytes(Vec<u8>),
    /// Several.
    Array(Vec<Self>),
    /// An error, in Redis' words.
    Error(String),
}

impl Reply {
    /// The number that it is, be it written as a string.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is the status `OK`; `T0s=` is what some servers make of it in base64.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes == b"OK" || bytes == b"T0s=")
    }
}

/// The form in which replies are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Plain JSON.
    Plain,
    /// JSON with base64.
    Base64,
    /// RESP2.
    Resp2,
}

/// What a whole response was.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// One reply to each command.
    Replies(Vec<Reply>),
    /// One error for all of them.
    Refused(String),
    /// Something else: the words say what, for a message.
    Malformed(&'static str),
    /// Well-formed, and not in the form that was asked for: as plain JSON says it.
    OtherForm(Vec<Reply>),
}

/// A body on its way in.
pub enum Body {
    /// Nothing but white space yet.
    Empty,
    /// It began as JSON does.
    Json(json::Decoder),
    /// It began as RESP2 does.
    Resp(resp::Decoder),
    /// It began as neither: its first bytes.
    Other(Vec<u8>),
}

/// How much is kept of a body that is no reply: enough for an error that came as plain text.
const KEPT: usize = 512;

impl Body {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Self::Empty = self {
            let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return };
            *self = match first {
                b'{' | b'[' | b'"' => Self::Json(json::Decoder::new()),
                b'+' | b'-' | b':' | b'$' | b'*' => Self::Resp(resp::Decoder::new()),
                _ => Self::Other(Vec::new()),
            };
        }
        match self {
            Self::Empty => {}
            Self::Json(decoder) => decoder.push(bytes),
            Self::Resp(decoder) => decoder.push(bytes),
            Self::Other(kept) => kept.extend(bytes.iter().take(KEPT.saturating_sub(kept.len()))),
        }
    }

    /// What it was: the answer to `count` commands, asked for in `form`, `pipelined` or one alone.
    pub fn finish(self, form: Form, pipelined: bool, count: usize) -> Answer {
        match self {
            Self::Empty => Answer::Malformed("an empty body"),
            Self::Other(kept) => of_other(&kept),
            Self::Resp(decoder) => match decoder.finish() {
                None => Answer::Malformed("RESP2 that was cut off"),
                Some(replies) => match replies.as_slice() {
                    [Reply::Error(error)] => Answer::Refused(error.clone()),
                    _ if form == Form::Plain => Answer::Malformed("RESP2 that nobody asked for"),
                    _ if form != Form::Resp2 => Answer::OtherForm(replies),
                    _ => counted(replies, count),
                },
            },
            Self::Json(decoder) => match decoder.finish() {
                None => Answer::Malformed("JSON that was cut off"),
                Some(json) => of_json(json, form, pipelined, count),
            },
        }
    }
}

fn counted(replies: Vec<Reply>, count: usize) -> Answer {
    if replies.len() == count { Answer::Replies(replies) } else { Answer::Malformed("too few or too many replies") }
}

fn of_other(kept: &[u8]) -> Answer {
    let text = words(kept);
    let text = text.trim();
    if text.starts_with('<') { Answer::Malformed("HTML") } else { Answer::Refused(text.to_owned()) }
}

/// The text that a server complains with. Not `from_utf8_lossy`: of what is no UTF-8 only the ASCII can be told from it.
fn words(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let shown = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
            bytes.iter().map(shown).collect()
        }
    }
}

fn of_json(json: Json, form: Form, pipelined: bool, count: usize) -> Answer {
    let items = match json {
        Json::Array(items) if pipelined => items,
        Json::Object(_) if !pipelined => vec![json],
        // A pipeline that was refused whole.
        json => {
            return match reply(json) {
                Some(Reply::Error(error)) => Answer::Refused(error),
                _ => Answer::Malformed("JSON that is no reply"),
            };
        }
    };
    if !pipelined
        && let [Json::Object(fields)] = items.as_slice()
        && let Some(error) = error_of(fields)
    {
        return Answer::Refused(error);
    }
    let Some(plain) = all(items, reply) else {
        return Answer::Malformed("JSON that is no reply");
    };
    match form {
        Form::Plain => counted(plain, count),
        Form::Resp2 => Answer::OtherForm(plain),
        Form::Base64 => match all(plain.iter().collect(), from_base64) {
            Some(replies) => counted(replies, count),
            None => Answer::OtherForm(plain),
        },
    }
}

fn error_of(fields: &[(Vec<u8>, Json)]) -> Option<String> {
    fields.iter().find(|(name, _)| name == b"error").and_then(|(_, error)| match error {
        Json::Text(text) => Some(words(text)),
        _ => None,
    })
}

/// What `{"result": ...}` or `{"error": ...}` says.
fn reply(item: Json) -> Option<Reply> {
    let Json::Object(fields) = item else { return None };
    if let Some(error) = error_of(&fields) {
        return Some(Reply::Error(error));
    }
    let (_, result) = fields.into_iter().find(|(name, _)| name == b"result")?;
    value(result)
}

fn value(json: Json) -> Option<Reply> {
    Some(match json {
        Json::Null => Reply::Null,
        Json::Word(word) => match word.parse() {
            Ok(number) => Reply::Integer(number),
            Err(_) => Reply::Bytes(word.into_bytes()),
        },
        Json::Text(text) => Reply::Bytes(text),
        Json::Array(items) => Reply::Array(all(items, value)?),
        Json::Object(_) => return None,
    })
}

/// The same with its strings decoded. The status `OK` is never encoded, and no base64 has two characters.
fn from_base64(reply: &Reply) -> Option<Reply> {
    Some(match reply {
        Reply::Bytes(text) if text != b"OK" => Reply::Bytes(base64::decode(text)?),
        Reply::Array(items) => Reply::Array(all(items.iter().collect(), from_base64)?),
        other => other.clone(),
    })
}

/// What `of` makes of each, if it makes something of all. Not an iterator's `collect`, of which each closure would have a
/// copy: with the same in other places, 2.8 kB of the package (gzipped).
fn all<T>(items: Vec<T>, of: fn(T) -> Option<Reply>) -> Option<Vec<Reply>> {
    let mut replies = Vec::with_capacity(items.len());
    for item in items {
        replies.push(of(item)?);
    }
    Some(replies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(body: &str, form: Form, pipelined: bool, count: usize) -> Answer {
        let mut parsed = Body::Empty;
        parsed.push(body.as_bytes());
        parsed.finish(form, pipelined, count)
    }

    fn bytes(text: &str) -> Reply {
        Reply::Bytes(text.into())
    }

    #[test]
    fn base64_as_upstash_nests_it() {
        let scan = answer(r#"{"result":["MA==",["azE=",""]]}"#, Form::Base64, false, 1);
        assert_eq!(
            scan,
            Answer::Replies(vec![Reply::Array(vec![bytes("0"), Reply::Array(vec![bytes("k1"), bytes("")])])])
        );
        let pipeline = r#"[{"result":"OK"},{"result":"T0s="},{"result":null},{"result":3},{"error":"ERR x"}]"#;
        let all = vec![bytes("OK"), bytes("OK"), Reply::Null, Reply::Integer(3), Reply::Error("ERR x".to_owned())];
        assert_eq!(answer(pipeline, Form::Base64, true, 5), Answer::Replies(all));
    }

    /// "test" happens to be base64 of something; "é" never is, which is why the canary is one.
    #[test]
    fn a_header_that_was_ignored_is_noticed() {
        let two = answer(r#"[{"result":"é"},{"result":"test"}]"#, Form::Base64, true, 2);
        assert_eq!(two, Answer::OtherForm(vec![bytes("é"), bytes("test")]));
        let one = answer(r#"{"result":["x"]}"#, Form::Resp2, false, 1);
        assert_eq!(one, Answer::OtherForm(vec![Reply::Array(vec![bytes("x")])]));
        assert_eq!(answer("$1\r\nx\r\n", Form::Base64, false, 1), Answer::OtherForm(vec![bytes("x")]));
        let unasked = Answer::Malformed("RESP2 that nobody asked for");
        assert_eq!(answer("$1\r\nx\r\n", Form::Plain, false, 1), unasked);
    }

    #[test]
    fn errors_in_each_form() {
        let refused = |text: &str| Answer::Refused(text.to_owned());
        assert_eq!(answer(r#"{"error":"ERR no"}"#, Form::Plain, false, 1), refused("ERR no"));
        assert_eq!(answer(r#"{"error":"ERR no"}"#, Form::Plain, true, 2), refused("ERR no"));
        assert_eq!(answer(r#"{"error":"ERR no"}"#, Form::Resp2, false, 1), refused("ERR no"));
        assert_eq!(answer("-ERR no\r\n", Form::Resp2, true, 2), refused("ERR no"));
        assert_eq!(answer("Unauthorized", Form::Plain, false, 1), refused("Unauthorized"));
        assert_eq!(answer("<!doctype html>", Form::Plain, false, 1), Answer::Malformed("HTML"));
        assert_eq!(answer(" ", Form::Plain, false, 1), Answer::Malformed("an empty body"));
    }

    #[test]
    fn the_count_must_match() {
        let few = Answer::Malformed("too few or too many replies");
        assert_eq!(answer(r#"[{"result":1}]"#, Form::Plain, true, 2), few);
        assert_eq!(answer("+OK\r\n", Form::Resp2, true, 2), few);
        assert_eq!(answer(r#"{"result":1}"#, Form::Plain, true, 2), Answer::Malformed("JSON that is no reply"));
        assert_eq!(answer(r#"[{"result":1}]"#, Form::Plain, false, 1), Answer::Malformed("JSON that is no reply"));
        assert_eq!(answer(r#"{"result":"#, Form::Plain, false, 1), Answer::Malformed("JSON that was cut off"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(body: Vec<u8>, pipelined: bool, count in 0_usize..4) {
            for form in [Form::Plain, Form::Base64, Form::Resp2] {
                let mut parsed = Body::Empty;
                parsed.push(&body);
                parsed.finish(form, pipelined, count);
            }
        }
    }
}
