//! Numbers and strings as bytes, and the frame that every record of ours but a segment stands in.

use crate::checksum::checksum;

/// What a frame begins with.
const MAGIC: u8 = 0xB5;
/// The version of the format.
const VERSION: u8 = 1;
/// The length of a frame's own bytes, before what it holds.
pub const FRAME: usize = 12;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They are no record of ours, or not whole.
    Broken,
    /// They are a record of a version that came after this one.
    Newer,
}

impl Damage {
    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Broken => "a record does not read as one: its bytes were damaged",
            Self::Newer => "a record was written by a later version of bytestow",
        }
    }
}

/// Bytes as they are written.
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins a frame that holds a `kind`.
    pub fn begin(kind: u8, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(FRAME + capacity);
        bytes.extend_from_slice(&[MAGIC, VERSION, kind, 0]);
        bytes.extend_from_slice(&[0; 8]);
        Self(bytes)
    }

    /// The frame, with its length and checksum.
    pub fn end(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        let sum = checksum(self.0.get(FRAME..).unwrap_or_default());
        if let Some(head) = self.0.first_chunk_mut::<FRAME>() {
            let [_, _, _, _, l0, l1, l2, l3, s0, s1, s2, s3] = head;
            for (place, byte) in [l0, l1, l2, l3].into_iter().zip(length.to_le_bytes()) {
                *place = byte;
            }
            for (place, byte) in [s0, s1, s2, s3].into_iter().zip(sum.to_le_bytes()) {
                *place = byte;
            }
        }
        self.0
    }

    /// How long the frame is so far.
    pub fn position(&self) -> usize {
        self.0.len()
    }

    /// Four bytes.
    pub fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Six bytes.
    pub fn u48(&mut self, number: u64) {
        let [a, b, c, d, e, f, ..] = number.to_le_bytes();
        self.0.extend_from_slice(&[a, b, c, d, e, f]);
    }

    /// A length: seven bits a byte, the lowest first, the top bit set on all but the last.
    pub fn length(&mut self, length: usize) {
        push_length(&mut self.0, length);
    }

    /// A string: its length in bytes, and they.
    pub fn text(&mut self, text: &[u8]) {
        self.length(text.len());
        self.bytes(text);
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Appends a length; see [`Writer::length`].
pub fn push_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// Bytes as they are read. Every step may find them damaged.
#[derive(Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

/// What was read, or that it was not what it should be.
pub type Read<T> = Result<T, Damage>;

impl<'a> Reader<'a> {
    /// What follows, as it stands.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How long the frame is that `start` begins: more bytes may have to be fetched to read it.
    pub fn frame_length(start: &[u8]) -> Read<usize> {
        let mut reader = Reader(start);
        let [magic, version, _, _] = reader.array::<4>()?;
        match (magic, version) {
            (MAGIC, VERSION) => Ok(reader.u32()? as usize),
            (MAGIC, later) if later > VERSION => Err(Damage::Newer),
            _ => Err(Damage::Broken),
        }
    }

    /// The kind of the frame at the beginning of `bytes`, and what it holds.
    pub fn open(bytes: &'a [u8]) -> Read<(u8, Self)> {
        let length = Self::frame_length(bytes)?;
        let kind = bytes.get(2).copied().ok_or(Damage::Broken)?;
        let mut sum = Reader(bytes.get(8..FRAME).ok_or(Damage::Broken)?);
        let body = bytes.get(FRAME..length).ok_or(Damage::Broken)?;
        if sum.u32()? != checksum(body) {
            return Err(Damage::Broken);
        }
        Ok((kind, Self(body)))
    }

    /// Whether all was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing must follow.
    pub fn end(self) -> Read<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Damage::Broken) }
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(Damage::Broken)?;
        self.0 = rest;
        Ok(*array)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Six bytes.
    pub fn u48(&mut self) -> Read<u64> {
        let [a, b, c, d, e, f] = self.array()?;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// How many things follow: no more than there are bytes, so that nothing is reserved for what is not there.
    pub fn count(&mut self) -> Read<u32> {
        let count = self.u32()?;
        if count as usize <= self.0.len() { Ok(count) } else { Err(Damage::Broken) }
    }

    /// A length.
    pub fn length(&mut self) -> Read<usize> {
        let mut length = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            let bits = u32::from(byte & 0x7F);
            length |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits).ok_or(Damage::Broken)?;
            if byte < 0x80 {
                return Ok(length as usize);
            }
        }
        Err(Damage::Broken)
    }

    /// A string: UTF-8, or it is damaged.
    pub fn text(&mut self) -> Read<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Damage::Broken)
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, length: usize) -> Read<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Damage::Broken)?;
        self.0 = rest;
        Ok(bytes)
    }
}
