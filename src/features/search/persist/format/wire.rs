//! Numbers and strings as bytes, and the frame that every entry of an index stands in.

use crate::checksum::checksum;

/// What a frame begins with, the version of the format last.
const MAGIC: [u8; 4] = *b"BTV\x01";
/// The length of a frame's own bytes, before what it holds.
pub const FRAME: usize = 16;

/// What kinds of frames there are.
pub mod kind {
    /// Who has a manifest.
    pub const DIRECTORY: u8 = 1;
    /// What a writer has published.
    pub const MANIFEST: u8 = 2;
    /// Ids and orders of a segment.
    pub const RECORDS: u8 = 3;
    /// Rows in 8 bits.
    pub const CODES: u8 = 4;
    /// Rows in 32 bits.
    pub const NUMBERS: u8 = 5;
    /// Documents.
    pub const DOCUMENTS: u8 = 6;
}

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They are no entry of ours, or not whole, or another one's.
    Broken,
    /// They are of a version that came after this one.
    Newer,
}

impl Damage {
    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Broken => "does not read as a part of the index: its bytes were damaged",
            Self::Newer => "was written by a later version of bytestow",
        }
    }
}

/// What was read, or that it was not what it should be.
pub type Read<T> = Result<T, Damage>;

/// Bytes as they are written.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins a frame that holds a `kind`.
    pub fn begin(kind: u8, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(FRAME + capacity);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[kind, 0, 0, 0]);
        bytes.extend_from_slice(&[0; 8]);
        Self(bytes)
    }

    /// The frame, with its length and checksum.
    pub fn end(mut self) -> Vec<u8> {
        let body = self.0.get(FRAME..).unwrap_or_default();
        let (length, sum) = (body.len() as u32, checksum(body));
        let numbers = length.to_le_bytes().into_iter().chain(sum.to_le_bytes());
        self.0.iter_mut().skip(FRAME - 8).zip(numbers).for_each(|(place, byte)| *place = byte);
        self.0
    }

    /// How long the frame is so far.
    pub fn position(&self) -> usize {
        self.0.len()
    }

    /// One byte.
    pub fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    /// Four bytes.
    pub fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Four bytes.
    pub fn f32(&mut self, number: f32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number that is mostly small: seven bits a byte, the lowest first, the top bit set on all but the last.
    pub fn small(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A string: its length in bytes, and they.
    pub fn text(&mut self, text: &str) {
        self.small(text.len() as u32);
        self.bytes(text.as_bytes());
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// How many bytes [`Writer::small`] takes.
pub fn small_length(number: u32) -> usize {
    (32 - number.leading_zeros() as usize).div_ceil(7).max(1)
}

/// Bytes as they are read. Every step may find them damaged.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// What the frame `bytes` holds, which must be a `kind`.
    ///
    /// # Errors
    /// It is no such frame, or its checksum is another's.
    pub fn open(bytes: &'a [u8], kind: u8) -> Read<Self> {
        let mut reader = Self(bytes);
        let magic = reader.array::<4>()?;
        match (magic, MAGIC) {
            (is, should) if is == should => {}
            ([b'B', b'T', b'V', version], [.., ours]) if version > ours => return Err(Damage::Newer),
            _ => return Err(Damage::Broken),
        }
        if reader.array::<4>()? != [kind, 0, 0, 0] {
            return Err(Damage::Broken);
        }
        let (length, sum) = (reader.u32()?, reader.u32()?);
        if reader.0.len() != length as usize || checksum(reader.0) != sum {
            return Err(Damage::Broken);
        }
        Ok(reader)
    }

    /// Nothing must follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(self) -> Read<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Damage::Broken) }
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(Damage::Broken)?;
        self.0 = rest;
        Ok(*array)
    }

    /// One byte.
    ///
    /// # Errors
    /// There is none left; so below.
    pub fn u8(&mut self) -> Read<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// See above.
    pub fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// See above.
    pub fn u64(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A number that is mostly small.
    ///
    /// # Errors
    /// See above; or it has more than 32 bits.
    pub fn small(&mut self) -> Read<u32> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
            let bits = u32::from(byte & 0x7F);
            number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits).ok_or(Damage::Broken)?;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::Broken)
    }

    /// How many things follow: no more than there are bytes, so that nothing is reserved for what is not there.
    ///
    /// # Errors
    /// There are fewer bytes than things.
    pub fn count(&mut self) -> Read<usize> {
        let count = self.small()? as usize;
        if count <= self.0.len() { Ok(count) } else { Err(Damage::Broken) }
    }

    /// A string.
    ///
    /// # Errors
    /// It ends too soon, or is not UTF-8.
    pub fn text(&mut self) -> Read<&'a str> {
        let length = self.small()? as usize;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Damage::Broken)
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// There are fewer.
    pub fn bytes(&mut self, length: usize) -> Read<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Damage::Broken)?;
        self.0 = rest;
        Ok(bytes)
    }
}
