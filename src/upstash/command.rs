//! Commands as Upstash takes them: JSON arrays of strings (facts: <https://upstash.com/docs/redis/features/restapi>).

use super::search::special;

/// One command, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    json: Vec<u8>,
    /// The raw-body form stands in the URL's path instead: `/set/<key>` and its query, with these bytes as the body.
    path: Option<String>,
}

impl Command {
    /// A command without arguments yet.
    pub fn new(name: &str) -> Self {
        let mut command = Self { json: vec![b'['], path: None };
        command.push(name.as_bytes());
        command
    }

    /// The command that stands in the path `path`, with `body` as its last positional argument.
    pub fn raw(path: String, body: Vec<u8>) -> Self {
        Self { json: body, path: Some(path) }
    }

    /// One more argument. It must be UTF-8: nothing else can stand in JSON.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.push(argument.as_ref());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        arguments.into_iter().for_each(|argument| self.push(argument.as_bytes()));
        self
    }

    /// The same, with the arguments of `rest`, which has no name.
    #[must_use]
    pub fn continued(mut self, rest: Self) -> Self {
        self.json.push(b',');
        self.json.extend_from_slice(&rest.json);
        self
    }

    /// See [`arg`](Self::arg).
    pub fn push(&mut self, argument: &[u8]) {
        if self.json.len() > 1 {
            self.json.push(b',');
        }
        quote_into(argument, &mut self.json);
    }

    /// How many bytes it has so far.
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// The path, of the raw-body form.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The body: of several commands, as a pipeline takes them.
    pub fn body(commands: &[&Self]) -> Vec<u8> {
        if let [one] = commands {
            return one.closed();
        }
        Self::pipeline(commands)
    }

    /// The body of a pipeline, of one command too.
    pub fn pipeline(commands: &[&Self]) -> Vec<u8> {
        let mut body = Vec::with_capacity(commands.iter().map(|command| command.len() + 2).sum::<usize>() + 1);
        body.push(b'[');
        for (at, command) in commands.iter().enumerate() {
            if at > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&command.json);
            body.push(b']');
        }
        body.push(b']');
        body
    }

    fn closed(&self) -> Vec<u8> {
        let mut body = self.json.clone();
        if self.path.is_none() {
            body.push(b']');
        }
        body
    }
}

/// Appends `text`, UTF-8, as a JSON string.
fn quote_into(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = special(rest) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                let digit = |four: u8| if four < 10 { b'0' + four } else { b'a' + four - 10 };
                out.extend_from_slice(&[digit(control >> 4), digit(control & 15)]);
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// How many bytes `text` has as a JSON string, quotes included.
pub fn quoted_len(text: &[u8]) -> usize {
    let extra = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        control if *control < 0x20 => 5,
        _ => 0,
    };
    2 + text.len() + text.iter().map(extra).sum::<usize>()
}

/// The pattern that matches what begins with `prefix`, taken literally.
pub fn glob(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

/// `text` as one segment of a URL's path.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let digit = |four: u8| char::from(if four < 10 { b'0' + four } else { b'A' + four - 10 });
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap_or_default()
    }

    #[test]
    fn commands_are_json() {
        let (get, ping) = (Command::new("GET").arg("a\"\\\n\u{1}é"), Command::new("PING"));
        assert_eq!(text(Command::body(&[&get])), r#"["GET","a\"\\\n\u0001é"]"#);
        assert_eq!(text(Command::body(&[&ping, &ping])), r#"[["PING"],["PING"]]"#);
        assert_eq!(text(Command::pipeline(&[&ping])), r#"[["PING"]]"#);
        let raw = Command::raw("set/k".to_owned(), vec![0, 255]);
        assert_eq!(Command::body(&[&raw]), [0, 255]);
    }

    #[test]
    fn prefixes_are_literal() {
        assert_eq!(glob("a*b?[c]\\^-"), "a\\*b\\?\\[c\\]\\\\\\^\\-*");
        assert_eq!(glob(""), "*");
    }

    #[test]
    fn keys_are_segments() {
        assert_eq!(percent_encoded("a/b ?#%é."), "a%2Fb%20%3F%23%25%C3%A9%2E");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(argument: String) {
            let command = Command::new("X").arg(&argument);
            let parsed = crate::upstash::json::parse(&Command::body(&[&command]));
            let expected = [b"X".to_vec(), argument.clone().into_bytes()].map(crate::upstash::json::Json::Text);
            prop_assert_eq!(parsed, Some(crate::upstash::json::Json::Array(expected.into())));
            prop_assert_eq!(quoted_len(argument.as_bytes()), command.len() - Command::new("X").len() - 1);
        }
    }
}
