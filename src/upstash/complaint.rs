//! What a server complains of, and what is to be done about it.
//!
//! Upstash answers errors with several statuses, 200 among them; servers that imitate it with others. So the words are
//! looked at first and the status second. The words as Upstash uses them were collected from its documentation and from
//! public reports of what the live service has answered.

use crate::Error;
use crate::error::{Details, ErrorCode};

/// What to do about a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing: the same again would fail again.
    None,
    /// To try again.
    Retry,
    /// To ask for a fresh token, once.
    Token,
    /// To leave the server alone for a while.
    Rest,
    /// To send less in one command.
    Split,
    /// To use another command.
    OtherCommand,
}

impl Remedy {
    /// Whether the same command may be answered later.
    pub fn is_later(self) -> bool {
        matches!(self, Self::Retry | Self::Rest | Self::Token)
    }
}

/// A result, or what the server complains of.
pub type Heard<T> = Result<T, Complaint>;

/// An error and its remedy.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// What the caller is told if the remedy does not help.
    pub error: Error,
    /// What may help.
    pub remedy: Remedy,
}

impl Complaint {
    fn new(code: ErrorCode, message: String, remedy: Remedy, answer: Details) -> Self {
        let retryable = matches!(remedy, Remedy::Retry | Remedy::Rest);
        Self { error: Error::new(code, message).with_retryable(retryable).with_details(answer), remedy }
    }

    /// A complaint in Redis' words.
    pub fn of_words(words: &str, status: u16) -> Self {
        // A server that imitates Upstash gives Redis' errors with a status of its own, and these words before them.
        let answered = status;
        let (words, status) = match words.strip_prefix("Failed to execute Redis command: ") {
            Some(words) => (words, 400),
            None => (words, status),
        };
        let mut details = Details { status: Some(answered), redis_error: error_word(words), ..Details::default() };
        let has = |part: &str| find(words.as_bytes(), part.as_bytes()).is_some();
        if has(" size exceeded") {
            details.limit = number_after(words, "Limit:");
            details.actual = number_after(words, "Actual:");
        }
        let (code, message, remedy) = if has("max requests limit exceeded") || has("max daily request limit") {
            let message =
                "the database's quota of commands is used up: it answers none until that is renewed or raised";
            (ErrorCode::QuotaExceeded, message.to_owned(), Remedy::Rest)
        } else if has("capacity quota exceeded") {
            let message = "the database is full: delete entries, give them a ttl, or raise its capacity";
            (ErrorCode::QuotaExceeded, message.to_owned(), Remedy::None)
        } else if has("max key size exceeded") {
            let message = ["a key is longer than the server takes", &sizes(&details)].concat();
            (ErrorCode::TooLarge, message, Remedy::None)
        } else if has("max request size exceeded") || has("max record size exceeded") {
            let message = ["a command, or its reply, is larger than the server takes", &sizes(&details)].concat();
            (ErrorCode::TooLarge, message, Remedy::Split)
        } else if has("WRONGPASS") || has("NOAUTH") || words == "Unauthorized" {
            of_status(401, false)
        } else if has("NOPERM") {
            let message = "the token does not allow this command: a read-only token can neither write nor list keys";
            (ErrorCode::Unauthorized, message.to_owned(), Remedy::None)
        } else if has("READONLY") || has("LOADING") || has("temporarily rejected") {
            let message = "the server takes no writes just now, while it is upgraded or moved";
            (ErrorCode::Unavailable, message.to_owned(), Remedy::Retry)
        } else if has("unknown command") {
            let message = "the server does not know a command that is needed";
            (ErrorCode::Unsupported, message.to_owned(), Remedy::OtherCommand)
        } else if has("WRONGTYPE") {
            let message = "the key holds something else than a string: another program's list, set or hash";
            (ErrorCode::Corrupt, message.to_owned(), Remedy::None)
        } else if matches!(status, 401 | 403 | 404 | 405 | 408 | 413 | 425 | 429 | 500..) {
            of_status(status, false)
        } else {
            let message = ["the server refused the command: ", &shown(words)].concat();
            (ErrorCode::Unavailable, message, Remedy::None)
        };
        Self::new(code, message, remedy, details)
    }

    /// Whether the words were none that are known.
    pub fn is_unspecific(&self) -> bool {
        self.error.code() == ErrorCode::Unavailable && self.remedy == Remedy::None
    }

    /// The same, where there is no other command that could be used.
    #[must_use]
    pub fn without_other_command(mut self) -> Self {
        if self.remedy == Remedy::OtherCommand {
            self.remedy = Remedy::None;
        }
        self
    }

    /// A complaint that is a status and no more, or `html`: a page for people, where a reply was to be.
    pub fn of_status(status: u16, html: bool) -> Self {
        let details = Details { status: Some(status), ..Details::default() };
        let (code, message, remedy) = of_status(status, html);
        Self::new(code, message, remedy, details)
    }

    /// A reply that cannot be understood, though the status was good: one that was cut off, say.
    pub fn of_malformed(what: &str, status: u16) -> Self {
        let details = Details { status: Some(status), ..Details::default() };
        let message = format!("the server's reply cannot be understood: {what} (status {status})");
        Self::new(ErrorCode::Unavailable, message, Remedy::Retry, details)
    }
}

fn of_status(status: u16, html: bool) -> (ErrorCode, String, Remedy) {
    let (code, words, remedy) = match status {
        401 => (ErrorCode::Unauthorized, "that it does not accept the token", Remedy::Token),
        403 => (ErrorCode::Unauthorized, "that access is forbidden", Remedy::None),
        413 => (ErrorCode::TooLarge, "that the request is larger than it takes", Remedy::Split),
        408 | 425 | 429 | 500.. => (ErrorCode::Unavailable, "that it cannot serve the request now", Remedy::Retry),
        404 | 405 => (
            ErrorCode::Unavailable,
            "that there is no such thing: is the url that of the REST API, and does it know the raw form?",
            Remedy::None,
        ),
        _ => (ErrorCode::Unavailable, "with something else than a reply", Remedy::None),
    };
    let page = if html { "with an HTML page, " } else { "" };
    (code, format!("the server answered {page}{words} (status {status})"), remedy)
}

fn sizes(details: &Details) -> String {
    match (details.limit, details.actual) {
        (Some(limit), Some(actual)) => format!(": {actual} bytes, and at most {limit} are allowed"),
        (Some(limit), None) => format!(": at most {limit} bytes are allowed"),
        _ => String::new(),
    }
}

/// The number that stands after `label`.
fn number_after(words: &str, label: &str) -> Option<u64> {
    let at = find(words.as_bytes(), label.as_bytes())? + label.len();
    let mut number = None;
    for byte in words.as_bytes().get(at..)? {
        match byte {
            b' ' if number.is_none() => {}
            b'0'..=b'9' => number = Some(number.unwrap_or(0_u64).checked_mul(10)?.checked_add(u64::from(byte - b'0'))?),
            _ => break,
        }
    }
    number
}

/// Where `part` begins in `whole`. Not `str::contains`: its searcher, made for long texts, weighs 2 kB.
fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

/// The first word, if it is one of Redis' error words: capitals.
fn error_word(words: &str) -> Option<String> {
    let length = words.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'_').count();
    let ends = matches!(words.as_bytes().get(length), None | Some(b' '));
    ((2..=24).contains(&length) && ends).then(|| words.get(..length).unwrap_or_default().to_owned())
}

/// The words of Redis and Upstash that say what is wrong with a command.
const VOCABULARY: &str = " ERR a an and arg args arguments array be busy bytes can command commands connection database disabled \
    empty EOF error exceeded expected expire expired failed for found handle in integer internal invalid is it JSON key keys \
    limit max mismatch missing must no not null number of on once only or out parse protocol range rate request requests \
    server size string supported syntax temporarily the this time timeout to too type unavailable unsupported user value \
    wrong you ";

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    let inside = |byte: u8| !byte.is_ascii_punctuation();
    let begin = word.bytes().position(inside).unwrap_or(word.len());
    let end = word.bytes().rposition(inside).map_or(begin, |last| last + 1);
    word.get(begin..end).unwrap_or_default()
}

/// A server's words as a message may show them. Servers repeat what they were sent, values, tokens and keys among it: every
/// word that is none of Redis' own is left out.
fn shown(words: &str) -> String {
    let mut shown = String::new();
    for word in words.split_ascii_whitespace().take(40) {
        let plain = bare(word);
        let known = !plain.is_empty() && find(VOCABULARY.as_bytes(), [" ", plain, " "].concat().as_bytes()).is_some();
        if known || !shown.ends_with("...") {
            shown.push_str(if shown.is_empty() { "" } else { " " });
            shown.push_str(if known { plain } else { "..." });
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str, status: u16) -> Complaint {
        Complaint::of_words(words, status)
    }

    #[test]
    fn what_upstash_has_been_seen_to_answer() {
        use ErrorCode::{Corrupt, QuotaExceeded, TooLarge, Unauthorized, Unavailable, Unsupported};
        for (words, status, code, remedy) in [
            ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", 400, QuotaExceeded, Remedy::Rest),
            ("ERR DB capacity quota exceeded", 400, QuotaExceeded, Remedy::None),
            (
                "ERR max request size exceeded. Limit: 10485760 bytes, Actual: 11245919 bytes.",
                200,
                TooLarge,
                Remedy::Split,
            ),
            ("ERR max key size exceeded. Limit: 32768 bytes, Actual: 40000 bytes", 400, TooLarge, Remedy::None),
            ("WRONGPASS invalid or missing auth token.", 401, Unauthorized, Remedy::Token),
            ("Unauthorized", 401, Unauthorized, Remedy::Token),
            ("NOPERM this user has no permissions to run the 'scan' command", 400, Unauthorized, Remedy::None),
            ("READONLY Writes are temporarily rejected due to server upgrade", 400, Unavailable, Remedy::Retry),
            ("ERR unknown command 'MSETEX', with args beginning with: 'a' ", 400, Unsupported, Remedy::OtherCommand),
            ("Failed to execute Redis command: ERR unknown command 'MSETEX'", 500, Unsupported, Remedy::OtherCommand),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", 400, Corrupt, Remedy::None),
            ("ERR wrong number of arguments for 'mget' command", 400, Unavailable, Remedy::None),
            ("ERR internal server error", 500, Unavailable, Remedy::Retry),
            ("ERR invalid token", 401, Unauthorized, Remedy::Token),
            ("Payload Too Large", 413, TooLarge, Remedy::Split),
            ("Internal Server Error", 500, Unavailable, Remedy::Retry),
            ("error code: 1016", 530, Unavailable, Remedy::Retry),
            ("Too Many Requests", 429, Unavailable, Remedy::Retry),
            ("Not Found", 404, Unavailable, Remedy::None),
            ("Forbidden", 403, Unauthorized, Remedy::None),
        ] {
            let complaint = of(words, status);
            assert_eq!((complaint.error.code(), complaint.remedy), (code, remedy), "{words}");
        }
    }

    #[test]
    fn limits_are_read() {
        let answer =
            of("ERR max request size exceeded. Limit: 52428800 bytes, Actual: 60000028 bytes. See x", 413).error;
        let answer = answer.details().cloned().unwrap_or_default();
        assert_eq!((answer.limit, answer.actual), (Some(52_428_800), Some(60_000_028)));
        assert_eq!((answer.status, answer.redis_error.as_deref()), (Some(413), Some("ERR")));
    }

    #[test]
    fn a_number_of_commands_is_no_number_of_bytes() {
        let error = of("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", 400).error;
        assert_eq!(error.details().and_then(|details| details.limit), None);
    }

    #[test]
    fn nothing_but_words_of_redis_is_shown() {
        for words in [
            "ERR bad value hunter2",
            "ERR 'the-key': \"hunter2\"",
            "ERR x, with args beginning with: 'hunter2'",
            "hunter2",
            "Bearer hunter2",
            "ERR value:hunter2 HUNTER2 p\u{e4}ss",
        ] {
            let message = of(words, 400).error.message().to_lowercase();
            assert!(!message.contains("hunter2") && !message.contains("the-key") && message.is_ascii(), "{message}");
        }
        assert!(of("ERR syntax error", 400).error.message().ends_with(": ERR syntax error"));
        let arity = of("ERR wrong number of arguments for 'mget' command", 400).error;
        assert!(arity.message().ends_with(": ERR wrong number of arguments for ... command"), "{arity}");
    }
}
