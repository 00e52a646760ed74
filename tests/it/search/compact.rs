//! Dead rows go where they are, slice by slice, and nobody sees more of it than other numbers.

use std::sync::Arc;

use bytestow::features::search::vector::{Role, unit};
use bytestow::features::search::{Kind, Order, Rows, RowsOptions, SearchOptions, VectorIndex};
use bytestow::{InMemoryByteStore, ManualClock};
use futures_executor::block_on;
use proptest::prelude::*;

use super::data::{Random, Shape, vectors};
use super::index_support::{NOW, Watched, options, run_all};

const DIMENSIONS: usize = 20;

fn push(rows: &mut Rows, at: usize) {
    let mut random = Random(at as u64);
    let vector: Vec<f64> = (0..DIMENSIONS).map(|_| random.normal()).collect();
    let row = unit(&vector, DIMENSIONS, Role::Vector(at)).unwrap();
    // Some without their padding.
    let end = if at.is_multiple_of(2) { DIMENSIONS } else { row.len() };
    rows.push(&row[..end], order(at)).unwrap();
}

fn order(at: usize) -> Order {
    Order { stamp: (at / 5) as u64, tie: at as u64 }
}

/// All that is known of a row.
fn shown(rows: &Rows, row: u32) -> (Vec<i8>, [u32; 2], Order, Option<Vec<f32>>) {
    let packed = rows.packed(row);
    let widths = [packed.scale, packed.residual].map(f32::to_bits);
    (packed.codes.to_vec(), widths, rows.order(row), rows.exact(row).map(<[f32]>::to_vec))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Rows that were killed, before and meanwhile, are as if they had never been pushed.
    #[test]
    fn rows_are_as_if_they_had_been_pushed_anew(
        count in 0..20_000_usize,
        kept in prop::sample::select(vec![0_usize, 1, 3, 10, 64]),
        budget in 1..9_000_usize,
        bits: bool,
        seed: u64,
    ) {
        let options = RowsOptions { max_exact_bytes: usize::MAX, bits };
        let mut rows = Rows::new(DIMENSIONS, options).unwrap();
        (0..count).for_each(|at| push(&mut rows, at));
        let mut random = Random(seed);
        while random.below(2) > 0 && !rows.settle(7_000) {}
        let mut alive: Vec<usize> = Vec::new();
        for at in 0..count {
            if random.below(64) < kept { alive.push(at) } else { assert!(rows.kill(at as u32)) }
        }
        // By their numbers now, as who follows them is told.
        let mut numbers: Vec<u32> = alive.iter().map(|at| *at as u32).collect();
        let mut next = count;
        loop {
            let mut follow: Vec<(u32, u32)> = Vec::new();
            let done = rows.compact(budget, |old, new| follow.push((old, new)));
            for (old, new) in follow {
                assert!(new <= old);
                let at = numbers.binary_search(&old).unwrap();
                numbers[at] = new;
            }
            prop_assert_eq!(rows.live().iter().map(|row| row as u32).collect::<Vec<_>>(), numbers.clone());
            if done {
                break;
            }
            if random.below(3) == 0 {
                push(&mut rows, next);
                numbers.push(rows.len() as u32 - 1);
                alive.push(next);
                next += 1;
            }
            if random.below(5) == 0 && !alive.is_empty() {
                let at = random.below(alive.len());
                prop_assert!(rows.kill(numbers.remove(at)));
                alive.remove(at);
            }
            if random.below(5) == 0 {
                rows.settle(5_000);
            }
        }
        prop_assert!(rows.len() >= alive.len());
        if alive.is_empty() {
            prop_assert!(rows.memory().exact == 0 || !rows.is_empty());
        }
        let mut anew = Rows::new(DIMENSIONS, options).unwrap();
        alive.iter().for_each(|at| push(&mut anew, *at));
        for (row, number) in numbers.iter().enumerate() {
            prop_assert_eq!(shown(&rows, *number), shown(&anew, row as u32));
        }
        // And it goes on as it should.
        let last = rows.len() as u32;
        push(&mut rows, next);
        push(&mut anew, next);
        prop_assert_eq!(shown(&rows, last), shown(&anew, alive.len() as u32));
    }
}

#[test]
fn what_searches_find_stays_the_same() {
    for seed in 0..3 {
        compacted(Kind::Int8, seed);
        compacted(Kind::Binary, seed);
    }
}

fn compacted(kind: Kind, seed: u64) {
    const ROWS: usize = 10_000;
    let all = vectors(Shape::Easy, ROWS, 48, &mut Random(seed));
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let open = |seed| {
        let mut options = options(&clock, seed);
        (options.kind, options.max_resident_bytes) = (kind, 300_000);
        VectorIndex::new(Watched::slow(inner.clone(), seed), options).unwrap()
    };
    let mut random = Random(seed);
    let gone: Vec<String> = (0..ROWS).filter(|at| at % 4 > 0).map(|at| format!("id{at}")).collect();
    let index = open(1);
    block_on(async {
        let mut stage = index.stage();
        for (at, vector) in all.iter().enumerate() {
            stage.push(&format!("id{at}"), vector, &at.to_le_bytes()).unwrap();
        }
        index.commit(stage).await.unwrap();
    });
    let (before, took) = (index.rows(), index.memory());
    type Call<'a> = std::pin::Pin<Box<dyn Future<Output = Option<Vec<(String, Vec<u8>)>>> + 'a>>;
    let mut calls: Vec<Call<'_>> = vec![Box::pin(async {
        index.remove(&gone).await.unwrap();
        None
    })];
    for at in (0..ROWS).step_by(ROWS / 12) {
        let (index, all) = (&index, &all);
        calls.push(Box::pin(async move {
            let found = index.search(&all[at], 3, SearchOptions::default()).await.unwrap();
            Some(found.into_iter().map(|found| (found.id, found.document)).collect())
        }));
    }
    for found in run_all(calls, &mut random).into_iter().flatten() {
        assert_eq!(found.len(), 3);
        for (id, document) in found {
            let at = usize::from_le_bytes(document.try_into().unwrap());
            assert_eq!(id, format!("id{at}"));
        }
    }
    block_on(async {
        index.refresh().await.unwrap();
        assert_eq!(index.len(), ROWS / 4);
        assert!(index.rows().0 > before.0 && index.rows().1 < ROWS / 2, "{:?}", index.rows());
        assert!(index.memory().rows.codes < took.rows.codes);
        let anew = open(2);
        anew.open().await.unwrap();
        for at in (0..ROWS).step_by(ROWS / 25) {
            let found = index.search(&all[at], 5, SearchOptions::default()).await.unwrap();
            if kind == Kind::Int8 {
                assert_eq!(found, anew.search(&all[at], 5, SearchOptions::default()).await.unwrap());
            }
            assert_eq!(found[0].id == format!("id{at}"), at % 4 == 0);
        }
        // All go, and come back.
        index.clear().await.unwrap();
        assert_eq!(index.len(), 0);
        let mut stage = index.stage();
        stage.push("id1", &all[1], b"again").unwrap();
        index.commit(stage).await.unwrap();
        let found = index.search(&all[1], 5, SearchOptions::default()).await.unwrap();
        assert_eq!(found.iter().map(|found| found.document.as_slice()).collect::<Vec<_>>(), [b"again"]);
    });
}
