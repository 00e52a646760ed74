//! Under which key an entry stands.

use super::digests::{Rounds, blake2b, sha1, sha256, sha512};

/// What a text is embedded for: many models embed a question in another way than what may answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text to be found.
    Document,
    /// A text to find others by.
    Query,
}

/// What vectors depend on, besides their texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The model's name. In LangChain's key encoders it stands before the digest, as LangChain's `namespace` does.
    pub model: String,
    /// How many numbers the model was asked for, where it can be asked.
    pub dimensions: Option<u32>,
}

/// How a text becomes a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyEncoder {
    /// SHA-256 over model, dimensions, kind and text, each with its length before it: no two of them meet.
    #[default]
    Sha256,
    /// `<model><digest>` as `@langchain/classic`'s cache has it; the digest is not SHA-256, whatever it is called there.
    LangchainJs,
    /// `<model><uuid>` as LangChain for Python has it by default, over SHA-1.
    LangchainPythonSha1,
    /// `<model><hex>`, likewise, with `key_encoder="sha256"`.
    LangchainPythonSha256,
    /// `<model><hex>`, likewise, with `key_encoder="blake2b"`.
    LangchainPythonBlake2b,
    /// `<model><hex>`, likewise, with `key_encoder="sha512"`.
    LangchainPythonSha512,
}

impl KeyEncoder {
    /// The key of `text`.
    ///
    /// LangChain's encoders know no kinds: its caches of queries are stores of their own, or share the keys of documents,
    /// which is wrong where a model tells them apart. There the key of a query is [`KeyEncoder::Sha256`]'s, unless
    /// `alone`: the store is for queries only.
    ///
    /// ```
    /// use bytestow::features::embeddings::{KeyEncoder, Kind, Scope};
    /// let scope = Scope { model: "text-embedding-3-small".into(), dimensions: None };
    /// let key = |kind| KeyEncoder::Sha256.key(&scope, kind, "hello", false);
    /// assert_eq!(key(Kind::Document).len(), 64);
    /// assert_ne!(key(Kind::Document), key(Kind::Query));
    /// ```
    pub fn key(self, scope: &Scope, kind: Kind, text: &str, alone: bool) -> String {
        if self == Self::Sha256 || kind == Kind::Query && !alone {
            return own(scope, kind, text);
        }
        let text = text.as_bytes().to_vec();
        let digest = match self {
            Self::LangchainJs => hex(&sha256(text, Rounds::Langchain), 8),
            Self::LangchainPythonSha1 => uuid(&hex(&sha1(text), 8)),
            Self::LangchainPythonSha512 => hex(&sha512(text), 16),
            Self::LangchainPythonBlake2b => hex(&blake2b(text), 16),
            _ => hex(&sha256(text, Rounds::Standard), 8),
        };
        scope.model.clone() + &digest
    }
}

fn own(scope: &Scope, kind: Kind, text: &str) -> String {
    let dimensions = scope.dimensions.unwrap_or_default().to_le_bytes();
    let kind: &[u8] = match kind {
        Kind::Document => b"document",
        Kind::Query => b"query",
    };
    let mut message = Vec::new();
    for part in [scope.model.as_bytes(), &dimensions, kind, text.as_bytes()] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    hex(&sha256(message, Rounds::Standard), 8)
}

/// A UUID of version 5 by Python's `uuid.uuid5(uuid.UUID(int=1985), name)`: RFC 9562, section 5.5.
fn uuid(name: &str) -> String {
    let mut message = 1985_u128.to_be_bytes().to_vec();
    message.extend_from_slice(name.as_bytes());
    let [first, second, third, fourth, _] = sha1(message);
    let mut text = hex(&[first, second & 0xFFFF_0FFF | 0x5000, third & 0x3FFF_FFFF | 0x8000_0000, fourth], 8);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// The lowest `digits` of each word, in lower case.
pub(super) fn hex(words: &[u64], digits: u32) -> String {
    let mut text = String::new();
    for word in words {
        for at in (0..digits).rev() {
            let digit = (word >> (4 * at)) as u8 & 15;
            text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [KeyEncoder; 6] = [
        KeyEncoder::Sha256,
        KeyEncoder::LangchainJs,
        KeyEncoder::LangchainPythonSha1,
        KeyEncoder::LangchainPythonSha256,
        KeyEncoder::LangchainPythonBlake2b,
        KeyEncoder::LangchainPythonSha512,
    ];

    /// By Python's hashlib and uuid.
    #[test]
    fn as_python_gives_them() {
        let scope = Scope { model: "m:".into(), dimensions: None };
        let known = [
            (KeyEncoder::LangchainPythonSha1, "0337f042-b12d-557d-904b-6178fc35f17d"),
            (KeyEncoder::LangchainPythonSha256, "3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179"),
            (
                KeyEncoder::LangchainPythonBlake2b,
                "f5392b3e0fc55e0ecd8d462718e4c734f86bb10582144ee192594f4031ec64d8213903f58ab8177367c80fd74f603f8404f8fc5a7be6ec5b78cbef6f42d2ec73",
            ),
            (
                KeyEncoder::LangchainPythonSha512,
                "a67e831011aa41ebb2a218c8ff727f1c60d62f06e1681678d176a81cd72ee69e7250c4c943cacbab28e42768615a5c41b6b0d42591d2c26a65670b38e97306dc",
            ),
        ];
        for (encoder, digest) in known {
            assert_eq!(encoder.key(&scope, Kind::Document, "héllo", false), format!("m:{digest}"));
        }
    }

    #[test]
    fn our_own_is_sha256_over_parts_with_lengths() {
        let scope = Scope { model: "m".into(), dimensions: Some(256) };
        assert_eq!(
            KeyEncoder::Sha256.key(&scope, Kind::Query, "héllo", false),
            "d9fc374b1825a18b45df4a22d6d2446bf51af7f6c73f6ec56a0783b95be17475"
        );
    }

    #[test]
    fn a_query_meets_no_document_unless_its_store_is_its_own() {
        let scope = Scope { model: "m".into(), dimensions: None };
        for encoder in ALL {
            let key = |kind, alone| encoder.key(&scope, kind, "text", alone);
            assert_ne!(key(Kind::Query, false), key(Kind::Document, false), "{encoder:?}");
            let same = key(Kind::Query, true) == key(Kind::Document, true);
            assert_eq!(same, encoder != KeyEncoder::Sha256, "{encoder:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_do_not_run_into_each_other(model in "[ab]{0,3}", text in "[ab]{0,3}", other in "[ab]{0,3}", more in "[ab]{0,3}") {
            let key = |model: &str, text: &str| {
                let scope = Scope { model: model.into(), dimensions: None };
                KeyEncoder::Sha256.key(&scope, Kind::Document, text, false)
            };
            prop_assert_eq!(key(&model, &text) == key(&other, &more), model == other && text == more);
        }
    }
}
