//! A streaming decoder of JSON: what a reply needs of it, and no more.
//!
//! It takes the body in whatever pieces it comes and never panics. Strings are kept as bytes: a server that answers with
//! something else than UTF-8 is to be noticed, not to be mended. `serde_json::Value` would add 21 kB to the package.

use super::search::quote_or_backslash;

/// Arrays and objects within each other. A reply has four.
const DEEPEST: usize = 32;

/// A parsed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// A number, `true` or `false`, as it stands.
    Word(String),
    /// A string's bytes.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Json>),
    /// An object, its fields in order.
    Object(Vec<(Vec<u8>, Json)>),
}

enum Frame {
    Array(Vec<Json>),
    Object(Vec<(Vec<u8>, Json)>, Vec<u8>),
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// A value must come; the flag says whether the array may end instead.
    Value(bool),
    /// A key must come; the flag says whether the object may end instead.
    Key(bool),
    Colon,
    /// A comma, or the end of the array or object.
    Next,
    /// Inside a string; the flag says whether it is a key.
    Text(bool),
    Escape(bool),
    /// Inside `\u`: how many digits have come, and what they make.
    Unicode(bool, u8, u32),
    Word,
    Done,
    Broken,
}

/// See the module.
pub struct Decoder {
    state: State,
    frames: Vec<Frame>,
    text: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u32>,
    root: Option<Json>,
}

/// The value that `bytes` are, whole.
#[cfg(test)]
pub fn parse(bytes: &[u8]) -> Option<Json> {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    decoder.finish()
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self { state: State::Value(false), frames: Vec::new(), text: Vec::new(), high: None, root: None }
    }

    /// Takes the next piece.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Broken => return,
                State::Text(is_key) => self.in_text(bytes, is_key),
                State::Word => self.in_word(bytes),
                state => {
                    let Some((byte, rest)) = bytes.split_first() else { return };
                    self.take(state, *byte);
                    rest
                }
            };
        }
    }

    /// The value, if it was one, whole and alone.
    pub fn finish(mut self) -> Option<Json> {
        if self.state == State::Word {
            self.end_word();
        }
        if self.state == State::Done { self.root } else { None }
    }

    /// The plain part of a string, whole pieces at a time.
    fn in_text<'b>(&mut self, bytes: &'b [u8], is_key: bool) -> &'b [u8] {
        let plain = quote_or_backslash(bytes);
        let (plain, rest) = bytes.split_at(plain.unwrap_or(bytes.len()));
        if !plain.is_empty() {
            self.end_pair();
            self.text.extend_from_slice(plain);
        }
        let Some((byte, rest)) = rest.split_first() else { return rest };
        if *byte == b'\\' {
            self.state = State::Escape(is_key);
        } else {
            self.end_pair();
            let text = std::mem::take(&mut self.text);
            match self.frames.last_mut() {
                Some(Frame::Object(_, key)) if is_key => {
                    *key = text;
                    self.state = State::Colon;
                }
                _ => self.put(Json::Text(text)),
            }
        }
        rest
    }

    fn in_word<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')));
        let (word, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        self.text.extend_from_slice(word);
        if end.is_some() {
            self.end_word();
        }
        rest
    }

    fn end_word(&mut self) {
        let word = String::from_utf8(std::mem::take(&mut self.text)).unwrap_or_default();
        let is_number = word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        match word.as_str() {
            "null" => self.put(Json::Null),
            "true" | "false" => self.put(Json::Word(word)),
            _ if is_number => self.put(Json::Word(word)),
            _ => self.state = State::Broken,
        }
    }

    fn take(&mut self, state: State, byte: u8) {
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.state = match (state, byte) {
            (State::Escape(is_key), _) => return self.escaped(byte, is_key),
            (State::Unicode(is_key, digits, code), _) => return self.digit(byte, is_key, digits, code),
            _ if is_space => state,
            (State::Value(_), b'"') => State::Text(false),
            (State::Value(_), b'[') => return self.open(Frame::Array(Vec::new()), State::Value(true)),
            (State::Value(_), b'{') => return self.open(Frame::Object(Vec::new(), Vec::new()), State::Key(true)),
            (State::Value(true), b']') | (State::Key(true), b'}') => return self.close(byte),
            (State::Value(_), b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                self.text.push(byte);
                State::Word
            }
            (State::Key(_), b'"') => State::Text(true),
            (State::Colon, b':') => State::Value(false),
            (State::Next, b',') => match self.frames.last() {
                Some(Frame::Array(_)) => State::Value(false),
                _ => State::Key(false),
            },
            (State::Next, b']' | b'}') => return self.close(byte),
            _ => State::Broken,
        };
    }

    fn open(&mut self, frame: Frame, state: State) {
        self.frames.push(frame);
        self.state = if self.frames.len() > DEEPEST { State::Broken } else { state };
    }

    fn close(&mut self, byte: u8) {
        match (self.frames.pop(), byte) {
            (Some(Frame::Array(items)), b']') => self.put(Json::Array(items)),
            (Some(Frame::Object(fields, _)), b'}') => self.put(Json::Object(fields)),
            _ => self.state = State::Broken,
        }
    }

    fn put(&mut self, value: Json) {
        self.state = State::Next;
        match self.frames.last_mut() {
            Some(Frame::Array(items)) => items.push(value),
            Some(Frame::Object(fields, key)) => fields.push((std::mem::take(key), value)),
            None => {
                self.root = Some(value);
                self.state = State::Done;
            }
        }
    }

    fn escaped(&mut self, byte: u8, is_key: bool) {
        self.state = State::Text(is_key);
        if byte == b'u' {
            self.state = State::Unicode(is_key, 0, 0);
            return;
        }
        self.end_pair();
        match byte {
            b'"' | b'\\' | b'/' => self.text.push(byte),
            b'b' => self.text.push(8),
            b'f' => self.text.push(12),
            b'n' => self.text.push(b'\n'),
            b'r' => self.text.push(b'\r'),
            b't' => self.text.push(b'\t'),
            _ => self.state = State::Broken,
        }
    }

    fn digit(&mut self, byte: u8, is_key: bool, digits: u8, code: u32) {
        let Some(digit) = char::from(byte).to_digit(16) else {
            self.state = State::Broken;
            return;
        };
        let code = code << 4 | digit;
        if digits < 3 {
            self.state = State::Unicode(is_key, digits + 1, code);
            return;
        }
        self.state = State::Text(is_key);
        if let (Some(high), 0xDC00..=0xDFFF) = (self.high, code) {
            self.high = None;
            self.put_char(0x1_0000 + ((high - 0xD800) << 10) + (code - 0xDC00));
            return;
        }
        self.end_pair();
        match code {
            0xD800..=0xDBFF => self.high = Some(code),
            _ => self.put_char(code),
        }
    }

    /// A first half that no second one has followed is no character.
    fn end_pair(&mut self) {
        if self.high.take().is_some() {
            self.put_char(0xFFFD);
        }
    }

    fn put_char(&mut self, code: u32) {
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Json {
        Json::Text(text.into())
    }

    #[test]
    fn a_reply() {
        let expected = Json::Array(vec![
            Json::Object(vec![(b"result".to_vec(), Json::Array(vec![text("a\n\"é🦀"), Json::Null, text("")]))]),
            Json::Object(vec![(b"result".to_vec(), Json::Word("-12.5e3".to_owned()))]),
            Json::Object(vec![]),
        ]);
        let json = br#" [ {"result" : ["a\n\"\u00e9\uD83E\uDD80", null,""]},{"result":-12.5e3} , {} ] "#;
        assert_eq!(parse(json), Some(expected));
    }

    #[test]
    fn lone_surrogates_are_the_replacement_character() {
        assert_eq!(parse(br#""\ud83e""#), Some(text("\u{FFFD}")));
        assert_eq!(parse(br#""\ud83ex\udd80""#), Some(text("\u{FFFD}x\u{FFFD}")));
        assert_eq!(parse(br#""\ud83e\n\ud83e\ud83e\udd80""#), Some(text("\u{FFFD}\n\u{FFFD}🦀")));
    }

    #[test]
    fn what_is_no_json_is_nothing() {
        for bad in [
            "",
            "{",
            "[1,",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "[1}",
            "nul",
            "truely",
            "[1]x",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "{1:2}",
            "[,]",
            "-",
            "--",
            "1 2",
            "error code: 1016",
            "<html>",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn what_looks_like_json_is_survived(json in r#"[\[\]{}",:\\a-fu0-9. ]{0,60}"#) {
            parse(json.as_bytes());
        }

        /// It is the same in whatever pieces it comes.
        #[test]
        fn pieces_do_not_matter(strings: Vec<String>, cuts: Vec<prop::sample::Index>) {
            let mut command = crate::upstash::command::Command::new("");
            strings.iter().for_each(|string| command.push(string.as_bytes()));
            let bytes = crate::upstash::command::Command::body(&[&command]);
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([bytes.len()]).collect();
            ends.sort_unstable();
            let mut decoder = Decoder::new();
            let mut begin = 0;
            for end in ends {
                decoder.push(&bytes[begin..end]);
                begin = end;
            }
            prop_assert_eq!(decoder.finish(), parse(&bytes));
        }
    }
}
