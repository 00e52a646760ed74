//! What a key may hold, when writes may fail, be dropped or be repeated.
//!
//! Calls of one handle that conflict take effect in call order, so a key has a history: a write that succeeded leaves its
//! value, one that failed or was dropped leaves what was there or its value. A read sees what the writes called before it
//! have left, or the value of one that was called while it was under way (a write does not wait for ever for reads).

use std::collections::BTreeMap;

/// A value, or none.
pub type Held = Option<Vec<u8>>;

/// Which call, in call order.
pub type Call = u64;

#[derive(Clone)]
struct Write {
    call: Call,
    value: Held,
    /// In milliseconds.
    life: Option<u64>,
    began: u64,
    /// When it ended, and whether it succeeded.
    end: Option<(u64, bool)>,
}

/// From when to when a call was under way, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub begin: u64,
    pub end: u64,
}

/// See the module.
#[derive(Default)]
pub struct Model {
    keys: BTreeMap<String, Vec<Write>>,
    calls: Call,
}

impl Model {
    /// A call is made.
    pub fn call(&mut self) -> Call {
        self.calls += 1;
        self.calls
    }

    /// `call` writes `value` under `key`: for so many milliseconds, or for ever.
    pub fn write(&mut self, key: &str, call: Call, value: Held, life: Option<u64>, began: u64) {
        self.keys.entry(key.to_owned()).or_default().push(Write { call, value, life, began, end: None });
    }

    /// `call` has ended.
    pub fn ended(&mut self, key: &str, call: Call, at: u64, succeeded: bool) {
        for write in self.keys.entry(key.to_owned()).or_default().iter_mut().filter(|write| write.call == call) {
            write.end = Some((at, succeeded));
        }
    }

    fn writes(&self, key: &str) -> &[Write] {
        self.keys.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a write of `key` was called after `call`.
    pub fn written_since(&self, key: &str, call: Call) -> bool {
        self.writes(key).iter().any(|write| write.call > call)
    }

    /// What a read of `key` may find that was made as `call` and was under way for `span`.
    ///
    /// # Panics
    /// If a write that was called before it has not ended: the read has overtaken it.
    pub fn possible(&self, key: &str, call: Call, span: Span) -> Vec<Held> {
        let forever = Write { call: 0, value: None, life: None, began: 0, end: Some((0, true)) };
        let mut left = vec![forever];
        for write in self.writes(key).iter().filter(|write| write.call < call) {
            let (_, succeeded) = write.end.unwrap_or_else(|| panic!("{key}: call {call} overtook {}", write.call));
            if succeeded {
                left.clear();
            }
            left.push(write.clone());
        }
        left.extend(self.writes(key).iter().filter(|write| write.call > call).cloned());
        let mut held = Vec::new();
        for Write { value, life, began, end, .. } in left {
            let latest = end.map_or(span.end, |(at, _)| at);
            // A millisecond more, as times are cut to whole ones.
            if life.is_some_and(|life| span.end + 1 >= began + life) {
                held.push(None);
            }
            if life.is_none_or(|life| span.begin <= latest + life + 1) {
                held.push(value);
            }
        }
        held
    }
}
