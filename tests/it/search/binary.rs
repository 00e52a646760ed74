//! Searches by bits: what they find, and how much they look at for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytestow::features::search::vector::{Role, unit};
use bytestow::features::search::{Kind, Order, Pass, Pause, Rows, RowsOptions, Search, SearchOptions, VectorIndex};
use bytestow::{BoxFuture, InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::{Random, latent, query};
use super::index_support::{NOW, options};

const ROWS: usize = 20_000;
const DIMENSIONS: usize = 768;
const QUERIES: usize = 30;

fn rows_of(bits: bool, vectors: &[Vec<f64>]) -> Rows {
    let mut rows = Rows::new(DIMENSIONS, RowsOptions { max_exact_bytes: usize::MAX, bits }).unwrap();
    for (at, vector) in vectors.iter().enumerate() {
        let row = unit(vector, DIMENSIONS, Role::Vector(at)).unwrap();
        rows.push(&row, Order { stamp: 1, tie: at as u64 }).unwrap();
    }
    rows
}

/// The rows that are found, and how many were looked at in 8 bits.
fn search(rows: &Rows, vector: &[f64]) -> (Vec<u32>, u64) {
    let search = Search { query: Arc::new(query(vector)), k: 10, mask: None, threshold: None };
    let mut pass = Pass::new(rows, [search]);
    while !pass.step(rows, 1_000) {}
    let multiplied = pass.multiplied();
    let mut rescore = pass.finish().pop().unwrap();
    while rescore.advance(rows, 1_000) != bytestow::features::search::Need::Nothing {}
    (rescore.into_hits().iter().map(|hit| hit.row).collect(), multiplied)
}

#[derive(Default)]
struct Pauses(AtomicUsize);

impl Pause for Pauses {
    fn pause(&self) -> BoxFuture<'_, ()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }
}

#[test]
fn few_rows_are_looked_at_in_8_bits() {
    let mut all = latent(ROWS + QUERIES, DIMENSIONS, &mut Random(9));
    let queries = all.split_off(ROWS);
    let (mut rows, all_codes) = (rows_of(true, &all), rows_of(false, &all));
    let mut slices = 1;
    while !rows.settle(1_000) {
        slices += 1;
    }
    assert_eq!(slices, ROWS / 1_000);
    let (mut same, mut most) = (0, 0);
    for vector in &queries {
        let (found, multiplied) = search(&rows, vector);
        let (exact, every) = search(&all_codes, vector);
        assert_eq!(every, ROWS as u64);
        most = most.max(multiplied);
        same += exact.iter().filter(|row| found.contains(row)).count();
    }
    assert!(most < ROWS as u64 / 20, "{most} of {ROWS} rows");
    assert!(same * 100 >= QUERIES * 10 * 99, "{same} of {}", QUERIES * 10);
    // What has come since is searched, too, once it is settled.
    let row = unit(&queries[0], DIMENSIONS, Role::Query).unwrap();
    let new = rows.push(&row, Order { stamp: 2, tie: 0 }).unwrap();
    assert!(rows.settle(1_000));
    assert_eq!(search(&rows, &queries[0]).0[0], new);
    // Bits go along with rows that move over dead ones: nothing is to be settled then, and nothing is taken for near.
    for at in (0..ROWS).filter(|at| at % 4 > 0) {
        rows.kill(at as u32);
    }
    while !rows.compact(1_000, |_, _| ()) {}
    assert_eq!(rows.len(), ROWS / 4 + 1);
    for at in (0..ROWS / 4).step_by(77) {
        let (found, multiplied) = search(&rows, &all[at * 4]);
        assert_eq!((found[0] as usize, rows.order(found[0]).tie), (at, at as u64 * 4));
        assert!(multiplied < 700, "{multiplied} rows");
    }
    assert!(rows.settle(ROWS));
}

#[test]
fn an_index_makes_bits_before_it_searches_by_them() {
    let mut all = latent(ROWS + 3, 128, &mut Random(10));
    let queries = all.split_off(ROWS);
    let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let open = |kind, seed| {
        let pauses = Arc::new(Pauses::default());
        let mut options = options(&clock, seed);
        options.kind = kind;
        options.pause = Some(pauses.clone());
        options.refresh = std::time::Duration::from_secs(60);
        (VectorIndex::new(store.clone(), options).unwrap(), pauses)
    };
    block_on(async {
        let (writer, _) = open(Kind::Int8, 1);
        let mut stage = writer.stage();
        for (at, vector) in all.iter().enumerate() {
            stage.push(&format!("id{at}"), vector, b"").unwrap();
        }
        writer.commit(stage).await.unwrap();
        let (binary, pauses) = open(Kind::Binary, 2);
        binary.open().await.unwrap();
        pauses.0.store(0, Ordering::SeqCst);
        let nearest = binary.search(&queries[0], 10, SearchOptions::default()).await.unwrap();
        // Slices of 16,384 rows: two of bits that are made, one of bits that are compared, and what is left is no slice.
        assert_eq!(pauses.0.swap(0, Ordering::SeqCst), 2);
        assert!(binary.memory().rows.bits >= ROWS * 128 / 8);
        let again = binary.search(&queries[0], 10, SearchOptions::default()).await.unwrap();
        assert_eq!(again, nearest);
        assert_eq!(pauses.0.swap(0, Ordering::SeqCst), 1, "bits are made once");
        // Loading a few more makes theirs, and only theirs.
        let mut stage = writer.stage();
        stage.push("new", &queries[1], b"").unwrap();
        writer.commit(stage).await.unwrap();
        binary.refresh().await.unwrap();
        let found = binary.search(&queries[1], 1, SearchOptions::default()).await.unwrap();
        assert_eq!(found[0].id, "new");
    });
}
