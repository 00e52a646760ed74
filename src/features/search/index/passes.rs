//! Searches that wait for each other go over the rows together.
//!
//! One pass is under way at a time. Who comes while it is waits in a line; whoever is first then takes all who wait along,
//! up to eight, and the others find their answers when it is their turn. Nothing runs in the background: a pass is driven by
//! one of those who wait for it, and if that one leaves, the next begins anew.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::line::Line;
use super::{Segment, Table, VectorIndex};
use crate::features::search::persist::blocks::{Fault, Keep, Located, Tried};
use crate::features::search::{Bitmap, Hit, Need, Pass, Rescore, Search};

/// Searches of one pass.
const TOGETHER: usize = 8;

/// Bytes of codes that are scanned before others may do something.
const SLICE: usize = 2 * 1024 * 1024;

/// Rows that are scored before others may do something, and bytes of their numbers.
const SCORED: usize = 1_024;
const NUMBERS: usize = 4 * 1024 * 1024;

/// See the module.
#[derive(Default)]
pub struct Passes {
    line: Line,
    waiting: Mutex<Vec<Arc<Waiting>>>,
}

/// What a search has come to.
#[derive(Debug)]
pub enum Outcome {
    /// The rows that it found.
    Hits(Vec<Scored>),
    /// Its mask is about another numbering of rows, or about fewer.
    Stale,
    /// Something is missing, or else.
    Fault(Fault),
}

/// A row that was found.
#[derive(Clone, Debug)]
pub struct Scored {
    pub row: u32,
    pub id: String,
    pub score: f32,
    pub located: (Arc<Segment>, u32),
    /// Its numbers, padded, if they were asked for and are in memory.
    pub numbers: Option<Vec<f32>>,
}

/// A search that waits.
pub struct Waiting {
    search: Search,
    /// The numbering that its mask is about, and how many rows.
    about: Option<(u64, usize)>,
    /// Whether the numbers of what is found are wanted.
    numbers: bool,
    outcome: Mutex<Option<Outcome>>,
}

impl Waiting {
    fn outcome(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self, outcome: Outcome) {
        *self.outcome() = Some(outcome);
    }
}

/// Takes a search out of those who wait when its caller leaves.
struct Leaves<'p>(&'p Passes, Arc<Waiting>);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.waiting().retain(|waiting| !Arc::ptr_eq(waiting, &self.1));
    }
}

impl Passes {
    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VectorIndex {
    /// What `search` comes to, beside others.
    pub(super) async fn pass(&self, search: Search, about: Option<(u64, usize)>, numbers: bool) -> Outcome {
        let waiting = Arc::new(Waiting { search, about, numbers, outcome: Mutex::default() });
        self.passes.waiting().push(waiting.clone());
        let _leaves = Leaves(&self.passes, waiting.clone());
        others_first().await;
        let _turn = self.passes.line.take().await;
        loop {
            if let Some(outcome) = waiting.outcome().take() {
                return outcome;
            }
            // Those who wait stay among them until they have their answer: if this call is dropped, another begins anew.
            let mut together: Vec<Arc<Waiting>> = self.passes.waiting().iter().take(TOGETHER).cloned().collect();
            if !together.iter().any(|other| Arc::ptr_eq(other, &waiting)) {
                together.truncate(TOGETHER - 1);
                together.push(waiting.clone());
            }
            self.run(&together).await;
            self.passes.waiting().retain(|waiting| waiting.outcome().is_none());
        }
    }

    async fn run(&self, together: &[Arc<Waiting>]) {
        match self.scan(together).await {
            Ok(()) => {}
            // It may be about a row of another's.
            Err(_) if together.len() > 1 => {
                for alone in together {
                    if alone.outcome().is_none()
                        && let Err(fault) = self.scan(std::slice::from_ref(alone)).await
                    {
                        alone.ends(Outcome::Fault(fault));
                    }
                }
            }
            Err(fault) => {
                if let Some(alone) = together.first() {
                    alone.ends(Outcome::Fault(fault));
                }
            }
        }
    }

    async fn scan(&self, together: &[Arc<Waiting>]) -> Tried<()> {
        // What of numbering rows anew others have begun, or never find a moment for. Then rows' bits: before the first search
        // that needs them, and when what they are made by has drifted.
        let prepared = |table: &mut Table| {
            let slice = slice(table);
            !table.compact() && table.rows_mut().settle(slice)
        };
        while self.with_table(|table| !prepared(table)) {
            self.pause().await;
        }
        let Some((mut pass, scanned, slice)) = self.begin(together) else { return Ok(()) };
        let scanning = Scanning(self);
        while !self.table(|table| pass.step(table.rows(), slice)) {
            self.pause().await;
        }
        let mut rescores = pass.finish();
        self.rescore(&mut rescores).await?;
        let mut outcomes = Vec::with_capacity(rescores.len());
        for (waiting, rescore) in scanned.iter().zip(rescores) {
            outcomes.push(self.scored(rescore.into_hits(), waiting.numbers).await);
        }
        drop(scanning);
        for (waiting, outcome) in scanned.iter().zip(outcomes) {
            waiting.ends(Outcome::Hits(outcome.ok_or_else(|| Fault::Missing(self.port.names.directory()))?));
        }
        Ok(())
    }

    /// The hits with what is needed to fetch their documents; `None` if a segment has gone meanwhile.
    async fn scored(&self, hits: Vec<Hit>, with_numbers: bool) -> Option<Vec<Scored>> {
        let mut all = Vec::with_capacity(hits.len());
        let slice = self.table(scored_rows).max(1);
        for (at, some) in hits.chunks(slice).enumerate() {
            if at > 0 {
                self.pause().await;
            }
            let found = self
                .table(|table| some.iter().map(|hit| scored(table, *hit, with_numbers)).collect::<Option<Vec<_>>>());
            all.append(&mut found?);
        }
        Some(all)
    }

    /// A pass, those who are in it, and how many rows are a slice; a scan has begun then.
    fn begin<'w>(&self, together: &'w [Arc<Waiting>]) -> Option<(Pass, Vec<&'w Arc<Waiting>>, usize)> {
        let mut state = self.state();
        let Some(table) = &mut state.table else {
            together.iter().for_each(|waiting| waiting.ends(Outcome::Hits(Vec::new())));
            return None;
        };
        let mut scanned = Vec::new();
        for waiting in together {
            if waiting.about.is_some_and(|about| about != table.numbering()) {
                waiting.ends(Outcome::Stale);
            } else {
                scanned.push(waiting);
            }
        }
        if scanned.is_empty() {
            return None;
        }
        table.begin_scan();
        let pass = Pass::new(table.rows(), scanned.iter().map(|waiting| waiting.search.clone()));
        Some((pass, scanned, slice(table)))
    }

    /// Scores what may be among the best, all searches together: what is not in memory is fetched by one call.
    async fn rescore(&self, rescores: &mut [Rescore]) -> Tried<()> {
        loop {
            let mut wanted: Vec<(usize, Vec<u32>)> = Vec::new();
            let mut rows: Vec<(u32, Located)> = Vec::new();
            let (mut again, mut gone) = (false, false);
            self.table(|table| {
                for (at, rescore) in rescores.iter_mut().enumerate() {
                    match rescore.advance(table.rows(), scored_rows(table)) {
                        Need::Nothing => {}
                        Need::Time => again = true,
                        Need::Rows(some) => wanted.push((at, some)),
                    }
                }
                // Each once, in order.
                let all: Bitmap = wanted.iter().flat_map(|(_, rows)| rows).map(|row| *row as usize).collect();
                for row in all.iter() {
                    match table.locate(row as u32) {
                        Some(located) => rows.push((row as u32, located)),
                        None => gone = true,
                    }
                }
            });
            if gone {
                return Err(Fault::Missing(self.port.names.directory()));
            }
            if rows.is_empty() {
                if !again {
                    return Ok(());
                }
                self.pause().await;
                continue;
            }
            let (rows, located): (Vec<u32>, Vec<Located>) = rows.into_iter().unzip();
            let found = self.numbers_of(&located, Keep::All).await?;
            self.with_table(|table| {
                if table.rows().has_room_for_exact() {
                    for (row, numbers) in rows.iter().zip(&found) {
                        table.rows_mut().keep_exact(*row, numbers);
                    }
                }
                for (at, some) in wanted {
                    let Some(rescore) = rescores.get_mut(at) else { continue };
                    for row in some {
                        let numbers = rows.binary_search(&row).ok().and_then(|at| found.get(at));
                        rescore.score(table.rows(), row, numbers.map(Vec::as_slice).unwrap_or_default());
                    }
                }
            });
        }
    }
}

/// Rows of a slice.
fn slice(table: &Table) -> usize {
    (SLICE / table.rows().stride().max(1)).max(1)
}

/// Rows that are scored, or given out, before others may do something.
fn scored_rows(table: &Table) -> usize {
    (NUMBERS / (table.rows().stride().max(1) * size_of::<f32>())).clamp(1, SCORED)
}

/// Ends what [`Table::begin_scan`] began.
struct Scanning<'i>(&'i VectorIndex);

impl Drop for Scanning<'_> {
    fn drop(&mut self) {
        self.0.with_table(Table::end_scan);
    }
}

/// A hit with what is needed to fetch its document; `None` if its segment has gone meanwhile.
fn scored(table: &Table, hit: Hit, with_numbers: bool) -> Option<Scored> {
    let numbers = table.rows().exact(hit.row).filter(|_| with_numbers).map(<[f32]>::to_vec);
    let id = table.id(hit.row).to_owned();
    Some(Scored { row: hit.row, id, score: hit.score, located: table.locate(hit.row)?, numbers })
}

/// Lets those who were called in the same moment come before, so that they can be taken along.
async fn others_first() {
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}
