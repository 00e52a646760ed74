//! The wire, read and written by other means than the client's: `serde_json`, and base64 by the book.

use serde_json::Value as Json;

use super::redis::{Argument, Reply};

/// The form of a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Plain,
    Base64,
    Resp2,
}

/// A command as it came: its arguments and its size, as limits count it.
pub struct Asked {
    pub arguments: Vec<Argument>,
    pub size: usize,
}

fn argument(json: &Json) -> Result<Argument, String> {
    match json {
        Json::String(text) => Ok(text.clone().into_bytes()),
        Json::Number(number) => Ok(number.to_string().into_bytes()),
        Json::Bool(flag) => Ok(flag.to_string().into_bytes()),
        Json::Null => Err("ERR null args are not supported".to_owned()),
        Json::Array(_) | Json::Object(_) => Err("ERR unsupported arg type: \"[\": json.Delim".to_owned()),
    }
}

fn command(json: &Json) -> Result<Asked, String> {
    let Json::Array(items) = json else { return Err("expected JSON array".to_owned()) };
    let arguments = items.iter().map(argument).collect::<Result<_, _>>()?;
    Ok(Asked { arguments, size: json.to_string().len() })
}

/// The commands in the body of `POST /`, or of a pipeline.
pub fn commands(body: &[u8], pipelined: bool) -> Result<Vec<Asked>, String> {
    if body.is_empty() {
        return Err("EOF".to_owned());
    }
    let json: Json = serde_json::from_slice(body).map_err(|_| "ERR failed to parse JSON request".to_owned())?;
    match json {
        Json::Array(items) if pipelined && items.is_empty() => Err("ERR empty pipeline request".to_owned()),
        Json::Array(items) if pipelined => items.iter().map(command).collect(),
        json => Ok(vec![command(&json)?]),
    }
}

/// The command in a path: its segments, then the body if there is one, then the query's names and values.
pub fn in_path(path: &str, body: &[u8]) -> Asked {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut arguments: Vec<Argument> = path.split('/').map(decoded).collect();
    if !body.is_empty() {
        arguments.push(body.to_vec());
    }
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        arguments.extend([decoded(name), decoded(value)]);
    }
    let size = arguments.iter().map(Vec::len).sum();
    Asked { arguments, size }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        (bytes, rest) = match hex {
            Some(byte) if *first == b'%' => ([bytes, vec![byte]].concat(), &after[2..]),
            _ => ([bytes, vec![*first]].concat(), after),
        };
    }
    bytes
}

/// Standard base64, padded.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = DIGITS[number >> (18 - 6 * at) & 63];
            text.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn json(reply: &Reply, form: Form) -> Json {
    match reply {
        Reply::Null => Json::Null,
        Reply::Integer(number) => (*number).into(),
        Reply::Bulk(bytes) if form == Form::Base64 => base64(bytes).into(),
        // What is no UTF-8 is lost, as it is with Upstash.
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into(),
        Reply::Status("OK") => "OK".into(),
        Reply::Status(status) if form == Form::Base64 => base64(status.as_bytes()).into(),
        Reply::Status(status) => (*status).into(),
        Reply::Array(items) => items.iter().map(|item| json(item, form)).collect(),
        Reply::Error(words) => words.as_str().into(),
    }
}

fn resp(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::Null => b"$-1\r\n".to_vec(),
        Reply::Integer(number) => format!(":{number}\r\n").into_bytes(),
        Reply::Bulk(bytes) => [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
        Reply::Status(status) => format!("+{status}\r\n").into_bytes(),
        Reply::Error(words) => format!("-{words}\r\n").into_bytes(),
        Reply::Array(items) => {
            let head = format!("*{}\r\n", items.len()).into_bytes();
            items.iter().fold(head, |frames, item| [frames, resp(item)].concat())
        }
    }
}

/// One reply, as it stands alone.
pub fn encoded(reply: &Reply, form: Form) -> Vec<u8> {
    match (reply, form) {
        (reply, Form::Resp2) => resp(reply),
        (Reply::Error(words), _) => serde_json::json!({ "error": words }).to_string().into_bytes(),
        (reply, form) => serde_json::json!({ "result": json(reply, form) }).to_string().into_bytes(),
    }
}

/// The replies of a pipeline, of those that stand alone.
pub fn joined(replies: &[Vec<u8>], form: Form) -> Vec<u8> {
    if form == Form::Resp2 { replies.concat() } else { [b"[", replies.join(&b","[..]).as_slice(), b"]"].concat() }
}
