//! What a server complains of, and what is to be done about it.
//!
//! Upstash answers errors with several statuses, 200 among them; servers that imitate it with others. So the words are
//! looked at first and the status second. The words as Upstash uses them were collected from its documentation and from
//! public reports of what the live service has answered.

use crate::error::{ErrorCode, Details};
use crate::Error;

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

/// An error and its remedy.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// What the caller is told if the remedy does not help.
    pub error: Error,
    /// What may help.
    pub remedy: Remedy,
}

/// The longest part of a server's words that a message shows.
const SHOWN: usize = 200;

impl Complaint {
    fn new(code: ErrorCode, message: String, remedy: Remedy, answer: Details) -> Self {
        let retryable = matches!(remedy, Remedy::Retry | Remedy::Rest);
        Self { error: Error::new(code, message).with_retryable(retryable).with_details(answer), remedy }
    }

    /// A complaint in Redis' words. `sent` is the request that it answers, of which nothing may be shown.
    pub fn of_words(words: &str, status: u16, sent: &[u8]) -> Self {
        // Servers that imitate Upstash put words of their own before those of Redis.
        let words = words.strip_prefix("Failed to execute Redis command: ").unwrap_or(words);
        let (limit, actual) = (number_after(words, "Limit:"), number_after(words, "Actual:"));
        let answer = Details { status: Some(status), redis_error: error_word(words), limit, actual };
        let has = |part: &str| words.contains(part);
        let shown = || shown(words, sent);
        let (code, message, remedy) = if has("max requests limit exceeded") || has("max daily request limit") {
            let message = "the database's quota of commands is used up: it answers none until the quota is renewed or raised";
            (ErrorCode::QuotaExceeded, message.to_owned(), Remedy::Rest)
        } else if has("capacity quota exceeded") {
            let message = "the database is full: delete entries, give them a ttl, or raise its capacity";
            (ErrorCode::QuotaExceeded, message.to_owned(), Remedy::None)
        } else if has("max key size exceeded") {
            (ErrorCode::TooLarge, format!("a key is longer than the server takes{}", sizes(limit, actual)), Remedy::None)
        } else if has("max request size exceeded") || has("max record size") {
            (ErrorCode::TooLarge, format!("a command is larger than the server takes{}", sizes(limit, actual)), Remedy::Split)
        } else if has("WRONGPASS") || has("NOAUTH") || words == "Unauthorized" {
            return Self::of_status(401, false);
        } else if has("NOPERM") {
            let message = "the token does not allow this command: a read-only token can neither write nor list keys";
            (ErrorCode::Unauthorized, message.to_owned(), Remedy::None)
        } else if has("READONLY") || has("LOADING") || has("temporarily rejected") {
            let message = "the server takes no writes just now, while it is upgraded or moved";
            (ErrorCode::Unavailable, message.to_owned(), Remedy::Retry)
        } else if has("unknown command") {
            (ErrorCode::Unsupported, "the server does not know a command that is needed".to_owned(), Remedy::OtherCommand)
        } else if has("WRONGTYPE") {
            let message = "the key holds something else than a string: another program's list, set or hash";
            (ErrorCode::Corrupt, message.to_owned(), Remedy::None)
        } else if status >= 500 && !has("ERR ") || matches!(status, 408 | 425 | 429) {
            return Self::of_status(status, false);
        } else if matches!(status, 401 | 403 | 404 | 405) && !has("ERR ") {
            return Self::of_status(status, false);
        } else {
            (ErrorCode::Unavailable, format!("the server refused the command: {}", shown()), Remedy::None)
        };
        Self::new(code, message, remedy, answer)
    }

    /// A complaint that is a status and no more, or `html`: a page for people, where a reply was to be.
    pub fn of_status(status: u16, html: bool) -> Self {
        let answer = Details { status: Some(status), ..Details::default() };
        let page = if html { " with an HTML page" } else { "" };
        let (code, message, remedy) = match status {
            401 => (ErrorCode::Unauthorized, "the server does not accept the token (status 401)".to_owned(), Remedy::Token),
            403 => (
                ErrorCode::Unauthorized,
                format!("the server refuses access{page} (status 403)"),
                Remedy::None,
            ),
            413 => (
                ErrorCode::TooLarge,
                format!("a request is larger than the server takes{page} (status 413)"),
                Remedy::Split,
            ),
            408 | 425 | 429 | 500.. => (
                ErrorCode::Unavailable,
                format!("the server answered{page} that it cannot serve the request now (status {status})"),
                Remedy::Retry,
            ),
            404 | 405 => (
                ErrorCode::Unavailable,
                format!("the server answered{page} with status {status}: is the url that of the REST API?"),
                Remedy::None,
            ),
            _ => (
                ErrorCode::Unavailable,
                format!("the server answered{page} with something else than a reply (status {status})"),
                Remedy::None,
            ),
        };
        Self::new(code, message, remedy, answer)
    }

    /// A reply that cannot be understood, though the status was good: one that was cut off, say.
    pub fn of_malformed(what: &str, status: u16) -> Self {
        let answer = Details { status: Some(status), ..Details::default() };
        let message = format!("the server's reply cannot be understood: {what} (status {status})");
        Self::new(ErrorCode::Unavailable, message, Remedy::Retry, answer)
    }
}

fn sizes(limit: Option<u64>, actual: Option<u64>) -> String {
    match (limit, actual) {
        (Some(limit), Some(actual)) => format!(": {actual} bytes, and at most {limit} are allowed"),
        (Some(limit), None) => format!(": at most {limit} bytes are allowed"),
        _ => String::new(),
    }
}

/// The number that stands after `label`.
fn number_after(words: &str, label: &str) -> Option<u64> {
    let (_, rest) = words.split_once(label)?;
    let rest = rest.trim_start();
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// The first word, if it is one of Redis' error words: capitals.
fn error_word(words: &str) -> Option<String> {
    let word = words.split_whitespace().next()?;
    let is_one = (2..=24).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_one.then(|| word.to_owned())
}

/// A server's words as a message may show them. Redis and its imitators repeat what they were sent, values and tokens
/// among it: every word that stood in the request too is left out.
fn shown(words: &str, sent: &[u8]) -> String {
    let words = words.split(", with args").next().unwrap_or(words);
    let mut shown = String::new();
    for part in words.split_inclusive(|character: char| !(character.is_alphanumeric() || character == '_')) {
        let word = part.trim_end_matches(|character: char| !(character.is_alphanumeric() || character == '_'));
        let rest = part.get(word.len()..).unwrap_or_default();
        let repeats = word.len() > 2 && sent.windows(word.len()).any(|window| window == word.as_bytes());
        shown.push_str(if repeats || word.len() > 30 { "..." } else { word });
        shown.extend(rest.chars().map(|character| if character.is_control() { ' ' } else { character }));
        if shown.len() > SHOWN {
            shown.push_str("...");
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str, status: u16) -> Complaint {
        Complaint::of_words(words, status, b"[\"GET\",\"the-key\",\"hunter2\"]")
    }

    #[test]
    fn what_upstash_has_been_seen_to_answer() {
        use ErrorCode::{Corrupt, QuotaExceeded, TooLarge, Unauthorized, Unavailable, Unsupported};
        for (words, status, code, remedy) in [
            ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", 400, QuotaExceeded, Remedy::Rest),
            ("ERR DB capacity quota exceeded", 400, QuotaExceeded, Remedy::None),
            ("ERR max request size exceeded. Limit: 10485760 bytes, Actual: 11245919 bytes.", 200, TooLarge, Remedy::Split),
            ("ERR max key size exceeded. Limit: 32768 bytes, Actual: 40000 bytes", 400, TooLarge, Remedy::None),
            ("WRONGPASS invalid or missing auth token.", 401, Unauthorized, Remedy::Token),
            ("Unauthorized", 401, Unauthorized, Remedy::Token),
            ("NOPERM this user has no permissions to run the 'scan' command", 400, Unauthorized, Remedy::None),
            ("READONLY Writes are temporarily rejected due to server upgrade", 400, Unavailable, Remedy::Retry),
            ("ERR unknown command 'MSETEX', with args beginning with: 'a' ", 400, Unsupported, Remedy::OtherCommand),
            ("Failed to execute Redis command: ERR unknown command 'MSETEX'", 500, Unsupported, Remedy::OtherCommand),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", 400, Corrupt, Remedy::None),
            ("ERR wrong number of arguments for 'mget' command", 400, Unavailable, Remedy::None),
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
        let answer = of("ERR max request size exceeded. Limit: 52428800 bytes, Actual: 60000028 bytes. See x", 413).error;
        let answer = answer.details().cloned().unwrap_or_default();
        assert_eq!((answer.limit, answer.actual), (Some(52_428_800), Some(60_000_028)));
        assert_eq!((answer.status, answer.redis_error.as_deref()), (Some(413), Some("ERR")));
    }

    #[test]
    fn nothing_of_the_request_is_shown() {
        for words in
            ["ERR bad value hunter2", "ERR 'the-key': \"hunter2\"", "ERR x, with args beginning with: 'hunter2'", "hunter2"]
        {
            let error = of(words, 400).error;
            assert!(!error.message().contains("hunter2") && !error.message().contains("the-key"), "{error}");
        }
        assert!(of("ERR syntax error", 400).error.message().ends_with("ERR syntax error"));
    }
}
