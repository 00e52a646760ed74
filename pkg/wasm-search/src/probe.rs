//! A build for tests and benches: the kernels and the scans by themselves, and exports that trap on purpose.
#![expect(clippy::panic, reason = "a trap is what some of it is for")]
#![expect(unsafe_code, reason = "a bare sum of vectors loads them by pointers")]

use std::sync::Arc;

use bytestow::features::search::kernels::{self, scalar};
use bytestow::features::search::reference::exact_f32;
use bytestow::features::search::vector::{Role, unit};
use bytestow::features::search::{Bitmap, Hit, Mmr, Need, Order, Pass, Query, Rows, RowsOptions, Search};
use wasm_bindgen::prelude::*;

/// Panics.
#[wasm_bindgen(js_name = trapNow)]
pub fn trap_now() {
    panic!("a deliberate panic");
}

/// The sum of products by the kernel that is used, and by the scalar one.
#[wasm_bindgen]
pub fn dot(a: &[f32], b: &[f32]) -> Vec<f32> {
    vec![kernels::dot(a, b), scalar::dot(a, b)]
}

/// The same of four queries' codes, side by side, with two rows': first by the kernel that is used, four at a time and one
/// at a time, then by the scalar one.
#[wasm_bindgen]
pub fn dots(queries: &[i16], rows: &[i8]) -> Vec<f64> {
    let (len, width) = (queries.len() / 4, rows.len() / 2);
    let query = |at: usize| queries.get(at * len..(at + 1) * len).unwrap_or_default();
    let (all, rows) =
        ([0, 1, 2, 3].map(query), [0, 1].map(|at| rows.get(at * width..(at + 1) * width).unwrap_or_default()));
    let singly = all.map(|query| kernels::dots_i8_1(query, rows));
    let singly = [singly.map(|[first, _]| first), singly.map(|[_, second]| second)];
    let ways = [kernels::dots_i8_4(all, rows), singly, scalar::dots_i8_4(all, rows)];
    ways.iter().flatten().flatten().map(|sum| *sum as f64).collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Near enough to a normal distribution of variance 1.
    fn normal(&mut self) -> f32 {
        const PART: u64 = (1 << 21) - 1;
        let bits = self.bits();
        let sum = (bits & PART) + (bits >> 21 & PART) + (bits >> 42 & PART);
        sum as f32 / (1 << 20) as f32 - 3.0
    }
}

/// How many latent dimensions a dimension mixes.
const MIXED: usize = 16;

/// Where vectors come from: clusters in a space of fewer dimensions, each dimension a mixture of some of those.
struct Source {
    random: Random,
    centres: Vec<Vec<f32>>,
    mixture: Vec<[(usize, f32); MIXED]>,
    middle: Vec<f32>,
    wide: f32,
}

impl Source {
    fn new(dimensions: usize, hard: bool) -> Self {
        let mut random = Random(7);
        let (latent, clusters, wide) = if hard { (256, 1_000, 1.0) } else { (96, 200, 0.5) };
        let centres = (0..clusters).map(|_| (0..latent).map(|_| random.normal()).collect()).collect();
        let mut mixed = || (random.bits() as usize % latent, random.normal());
        let mixture = (0..dimensions).map(|_| [(); MIXED].map(|()| mixed())).collect();
        let middle = (0..dimensions).map(|_| random.normal()).collect();
        Self { random, centres, mixture, middle, wide }
    }

    fn draw(&mut self) -> Vec<f64> {
        let at = self.random.bits() as usize % self.centres.len();
        let Self { random, centres, mixture, middle, wide } = self;
        let centre = centres.get(at).map(Vec::as_slice).unwrap_or_default();
        let latent: Vec<f32> = centre.iter().map(|number| number + *wide * random.normal()).collect();
        let mix = |(parts, middle): (&[(usize, f32); MIXED], &f32)| {
            let parts = parts.iter().map(|(at, weight)| latent.get(*at).copied().unwrap_or_default() * weight);
            f64::from(middle + parts.sum::<f32>())
        };
        mixture.iter().zip(middle.iter()).map(mix).collect()
    }
}

/// Rows and queries to be measured with.
#[wasm_bindgen]
pub struct Bench {
    rows: Rows,
    queries: Vec<Arc<Query>>,
    searches: Vec<Search>,
    candidates: usize,
}

#[wasm_bindgen]
impl Bench {
    /// No rows yet; in 32 bits, too, if `exact`, and in 1 bit if `bits`.
    #[wasm_bindgen(constructor)]
    pub fn new(dimensions: usize, exact: bool, bits: bool) -> Result<Self, JsValue> {
        let options = RowsOptions { max_exact_bytes: if exact { usize::MAX } else { 0 }, bits };
        let rows = Rows::new(dimensions, options).map_err(|error| JsValue::from(error.message()))?;
        Ok(Self { rows, queries: Vec::new(), searches: Vec::new(), candidates: 0 })
    }

    /// Adds vectors, side by side.
    pub fn add(&mut self, vectors: &[f64]) {
        let dimensions = self.rows.dimensions();
        vectors.chunks(dimensions).for_each(|vector| self.push(vector));
    }

    /// Adds queries, likewise.
    pub fn ask(&mut self, vectors: &[f64]) {
        for vector in vectors.chunks(self.rows.dimensions()) {
            if let Ok(row) = unit(vector, vector.len(), Role::Query) {
                self.queries.push(Arc::new(Query::new(row)));
            }
        }
    }

    /// Adds random vectors, and 64 queries that are drawn alike.
    pub fn fill(&mut self, count: usize, hard: bool) {
        let mut source = Source::new(self.rows.dimensions(), hard);
        (0..count).for_each(|_| self.push(&source.draw()));
        (0..64).for_each(|_| self.ask(&source.draw()));
    }

    fn push(&mut self, vector: &[f64]) {
        let order = Order { stamp: 1, tie: self.rows.len() as u64 };
        if let Ok(row) = unit(vector, vector.len(), Role::Vector(0)) {
            let _ = self.rows.push(&row, order);
        }
    }

    /// Makes bits.
    pub fn settle(&mut self) {
        while !self.rows.settle(10_000) {}
    }

    /// What is searched next: `many` queries from number `first` on, each among `percent` % of the rows.
    pub fn prepare(&mut self, first: usize, many: usize, k: usize, percent: u64) {
        let queries = self.queries.iter().cycle().skip(first % self.queries.len().max(1)).take(many).cloned();
        let rows = self.rows.len();
        self.searches = queries
            .enumerate()
            .map(|(at, query)| {
                let mut random = Random((first + at) as u64);
                let mask = (percent < 100).then(|| Arc::new(Bitmap::of(rows, |_| random.bits() % 100 < percent)));
                Search { query, k, mask, threshold: None }
            })
            .collect();
    }

    /// Searches: row and score of each hit, search by search.
    pub fn search(&mut self) -> Vec<f64> {
        let mut pass = Pass::new(&self.rows, self.searches.iter().cloned());
        while !pass.step(&self.rows, 1 << 30) {}
        let mut out = Vec::new();
        for mut rescore in pass.finish() {
            self.candidates = rescore.candidates();
            while rescore.advance(&self.rows, 1 << 20) == Need::Time {}
            out.extend(flat(rescore.into_hits()));
        }
        out
    }

    /// The same by the bare scan in 32 bits.
    pub fn exact(&self) -> Vec<f64> {
        self.searches.iter().flat_map(|search| flat(exact_f32(&self.rows, search))).collect()
    }

    /// Adds up all numbers in 32 bits, and does nothing else with them.
    pub fn bare(&self) -> f32 {
        use core::arch::wasm32::{f32x4_add, f32x4_extract_lane, f32x4_splat, v128_load};
        let (mut p, mut q, mut r, mut s) = (f32x4_splat(0.0), f32x4_splat(0.0), f32x4_splat(0.0), f32x4_splat(0.0));
        for row in 0..self.rows.len() as u32 {
            for numbers in self.rows.exact(row).unwrap_or_default().as_chunks::<16>().0 {
                let at = numbers.as_ptr();
                // SAFETY: 64 bytes may be read there; wasm loads from any alignment.
                unsafe {
                    p = f32x4_add(p, v128_load(at.cast()));
                    q = f32x4_add(q, v128_load(at.add(4).cast()));
                    r = f32x4_add(r, v128_load(at.add(8).cast()));
                    s = f32x4_add(s, v128_load(at.add(12).cast()));
                }
            }
        }
        let sum = f32x4_add(f32x4_add(p, q), f32x4_add(r, s));
        f32x4_extract_lane::<0>(sum)
    }

    /// The rows that are near the first query, and not like one another.
    pub fn mmr(&mut self, k: usize, lambda: f64) -> Vec<u32> {
        let hits: Vec<Hit> = self.searches.first().map(|search| exact_f32(&self.rows, search)).unwrap_or_default();
        self.pick(&hits, k, lambda)
    }

    /// The same of the `fetch` first rows, without a search.
    pub fn pick_of(&self, fetch: u32, k: usize, lambda: f64) -> Vec<u32> {
        let Some(search) = self.searches.first() else { return Vec::new() };
        let score = |row: u32| search.query.score(self.rows.exact(row).unwrap_or_default());
        let hits: Vec<Hit> = (0..fetch).map(|row| Hit { row, score: score(row) }).collect();
        self.pick(&hits, k, lambda)
    }

    /// How many rows the last search scored in 32 bits, at most.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// Bytes of memory: codes, what stands beside them, bits, and rows in 32 bits.
    pub fn memory(&self) -> Vec<f64> {
        let memory = self.rows.memory();
        [memory.codes, memory.beside, memory.bits, memory.exact].map(|bytes| bytes as f64).to_vec()
    }
}

impl Bench {
    fn pick(&self, hits: &[Hit], k: usize, lambda: f64) -> Vec<u32> {
        let row = |at: usize| hits.get(at).and_then(|hit| self.rows.exact(hit.row)).unwrap_or_default();
        let mut mmr = Mmr::new(hits.iter().map(|hit| hit.score).collect(), k, lambda);
        while !mmr.step(|a, b| kernels::dot(row(a), row(b))) {}
        mmr.into_picked().into_iter().filter_map(|at| hits.get(at)).map(|hit| hit.row).collect()
    }
}

fn flat(hits: Vec<Hit>) -> impl Iterator<Item = f64> {
    hits.into_iter().flat_map(|hit| [f64::from(hit.row), f64::from(hit.score)])
}
