//! What other tabs did, to be told of: noticed when their rows are read.

use super::format::{Read, Row};

/// The most keys that are told of at once.
const TOLD: usize = 100;

/// See the module.
#[derive(Default)]
pub struct Changes {
    /// Whether anybody wants to know.
    pub watched: bool,
    /// Rows of this handle's own that stand behind some of others, and will be read with them.
    own: Vec<u32>,
    keys: Vec<String>,
    more: bool,
}

impl Changes {
    /// Row `number` is this handle's own.
    pub fn expect_own(&mut self, number: u32) {
        if self.watched {
            self.own.push(number);
        }
    }

    /// Row `number`, which reads as `row`, was read from the database.
    ///
    /// # Errors
    /// It is damaged.
    pub fn note(&mut self, number: u32, row: Row<'_>) -> Read<()> {
        let before = self.own.len();
        self.own.retain(|own| *own > number);
        if !self.watched || self.own.len() < before {
            return Ok(());
        }
        match row {
            Row::Put { mut entries, .. } => {
                while let Some(put) = entries.next()? {
                    self.push(put.key);
                }
            }
            Row::Delete(mut keys) => {
                while let Some(key) = keys.next()? {
                    self.push(key);
                }
            }
            Row::Clear(_) => self.more = true,
            // Nothing changes by a move.
            Row::Move(_) => {}
        }
        Ok(())
    }

    fn push(&mut self, key: &str) {
        if self.keys.len() < TOLD {
            self.keys.push(key.to_owned());
        } else {
            self.more = true;
        }
    }

    /// There may be more changes than are known of.
    pub fn note_all(&mut self) {
        self.more = self.watched;
    }

    /// What there is to tell, and whether there is more than that.
    pub fn take(&mut self) -> Option<(Vec<String>, bool)> {
        let more = std::mem::take(&mut self.more);
        (more || !self.keys.is_empty()).then(|| (std::mem::take(&mut self.keys), more))
    }
}
