//! A streaming decoder of RESP2, Redis' own protocol (<https://redis.io/docs/latest/develop/reference/protocol-spec/>),
//! in which Upstash answers where it is asked to: raw bytes, no text between.

use super::reply::Reply;

/// Arrays within each other.
const DEEPEST: usize = 32;

/// The longest line; only errors come near it.
const LONGEST_LINE: usize = 65_536;

enum State {
    Line,
    /// Inside a bulk string, of which this many bytes are still to come, its line end included.
    Bulk(usize),
    Broken,
}

/// See the module.
pub struct Decoder {
    state: State,
    buffer: Vec<u8>,
    /// Arrays under way: how many items are still to come, and those that have.
    frames: Vec<(usize, Vec<Reply>)>,
    replies: Vec<Reply>,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self { state: State::Line, buffer: Vec::new(), frames: Vec::new(), replies: Vec::new() }
    }

    /// Takes the next piece.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.state {
                State::Broken => return,
                State::Bulk(missing) => {
                    let (part, rest) = bytes.split_at(missing.min(bytes.len()));
                    self.buffer.extend_from_slice(part);
                    bytes = rest;
                    self.state = State::Bulk(missing - part.len());
                    if part.len() == missing {
                        self.end_bulk();
                    }
                }
                State::Line => {
                    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
                    let (part, rest) = bytes.split_at(end);
                    self.buffer.extend_from_slice(part);
                    bytes = rest;
                    if self.buffer.ends_with(b"\n") {
                        let line = std::mem::take(&mut self.buffer);
                        self.line(&line);
                    } else if self.buffer.len() > LONGEST_LINE {
                        self.state = State::Broken;
                    }
                }
            }
        }
    }

    /// The replies, if all of them came whole.
    pub fn finish(self) -> Option<Vec<Reply>> {
        let whole = matches!(self.state, State::Line) && self.buffer.is_empty() && self.frames.is_empty();
        whole.then_some(self.replies)
    }

    fn end_bulk(&mut self) {
        let mut bytes = std::mem::take(&mut self.buffer);
        self.state = State::Broken;
        if bytes.ends_with(b"\r\n") {
            bytes.truncate(bytes.len() - 2);
            self.state = State::Line;
            self.put(Reply::Bytes(bytes));
        }
    }

    fn line(&mut self, line: &[u8]) {
        let parsed = (|| {
            let (kind, text) = line.strip_suffix(b"\r\n")?.split_first()?;
            let text = std::str::from_utf8(text).ok()?;
            match kind {
                b'+' => Some(Some(Reply::Bytes(text.into()))),
                b'-' => Some(Some(Reply::Error(text.to_owned()))),
                b':' => Some(Some(Reply::Integer(text.parse().ok()?))),
                b'$' | b'*' if text == "-1" => Some(Some(Reply::Null)),
                b'$' => {
                    self.state = State::Bulk(length(text)?.checked_add(2)?);
                    Some(None)
                }
                b'*' => {
                    let count = length(text)?;
                    self.frames.push((count, Vec::new()));
                    if self.frames.len() > DEEPEST {
                        return None;
                    }
                    Some((count == 0).then(|| {
                        self.frames.pop();
                        Reply::Array(Vec::new())
                    }))
                }
                _ => None,
            }
        })();
        match parsed {
            Some(Some(reply)) => self.put(reply),
            Some(None) => {}
            None => self.state = State::Broken,
        }
    }

    fn put(&mut self, mut reply: Reply) {
        while let Some((missing, items)) = self.frames.last_mut() {
            items.push(reply);
            *missing -= 1;
            if *missing > 0 {
                return;
            }
            let Some((_, items)) = self.frames.pop() else { return };
            reply = Reply::Array(items);
        }
        self.replies.push(reply);
    }
}

/// A length, read as the numbers are: of `parse` the wasm then has one copy.
fn length(text: &str) -> Option<usize> {
    text.parse::<i64>().ok().and_then(|length| usize::try_from(length).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(bytes: &[u8]) -> Option<Vec<Reply>> {
        let mut decoder = Decoder::new();
        decoder.push(bytes);
        decoder.finish()
    }

    const ALL: &[u8] = b"+OK\r\n*3\r\n$3\r\n\xff\r\n\r\n$-1\r\n*2\r\n:-7\r\n*0\r\n-ERR no\r\n$0\r\n\r\n*-1\r\n";

    fn expected() -> Vec<Reply> {
        vec![
            Reply::Bytes(b"OK".to_vec()),
            Reply::Array(vec![
                Reply::Bytes(b"\xff\r\n".to_vec()),
                Reply::Null,
                Reply::Array(vec![Reply::Integer(-7), Reply::Array(vec![])]),
            ]),
            Reply::Error("ERR no".to_owned()),
            Reply::Bytes(vec![]),
            Reply::Null,
        ]
    }

    #[test]
    fn every_kind_in_pieces_of_every_length() {
        for length in 1..=ALL.len() {
            let mut decoder = Decoder::new();
            ALL.chunks(length).for_each(|piece| decoder.push(piece));
            assert_eq!(decoder.finish(), Some(expected()), "{length}");
        }
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let ends: Vec<usize> = (1..ALL.len()).filter(|end| parse(&ALL[..*end]).is_some()).collect();
        // Only where a reply ends does one that was cut off look whole: who asked for more will count.
        assert_eq!(ends, [5, 36, 45, 51]);
        for bad in ["$99999999999999999999\r\n", "$-2\r\n", "*1\r\n", "hello\r\n", "$1\r\nab\r\n", ":x\r\n", "+a\n"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse("*1\r\n".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn what_looks_like_resp_is_survived(text in "([+:$*-][0-9a-]{0,4}\r\n){0,12}") {
            parse(text.as_bytes());
        }
    }
}
