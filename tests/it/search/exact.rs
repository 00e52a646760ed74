//! A search finds what a bare scan in 32 bits finds: the same rows, in the same order, with the same bits of scores.

use std::sync::Arc;

use bytestow::features::search::reference::exact_f32;
use bytestow::features::search::{Bitmap, Hit, Need, Pass, Query, Rescore, Rows, Search};

use super::data::{Random, SHAPES, query, rows, vectors};

/// What the search finds, in steps of `budget` rows.
pub fn found(rows: &Rows, search: Search, budget: usize) -> Vec<Hit> {
    let mut pass = Pass::new(rows, [search]);
    while !pass.step(rows, budget) {}
    finish(rows, pass.finish().pop().unwrap(), budget)
}

fn finish(rows: &Rows, mut rescore: Rescore, budget: usize) -> Vec<Hit> {
    loop {
        match rescore.advance(rows, budget) {
            Need::Nothing => return rescore.into_hits(),
            Need::Time => {}
            Need::Rows(wanted) => panic!("all rows are in memory, and {wanted:?} are not"),
        }
    }
}

pub fn search(query: Query, k: usize) -> Search {
    Search { query: Arc::new(query), k, mask: None, threshold: None }
}

#[test]
fn the_same_as_a_bare_scan() {
    let mut random = Random(1);
    for shape in SHAPES {
        for (count, dimensions) in [(1, 3), (63, 1), (64, 16), (65, 17), (700, 48), (1_500, 100)] {
            let all = vectors(shape, count + 20, dimensions, &mut random);
            let (queries, stored) = all.split_at(20);
            let rows = rows(stored);
            for (at, vector) in queries.iter().chain(stored.iter().take(5)).enumerate() {
                let k = [1, 4, 10, 100, 2_000][at % 5];
                let search = search(query(vector), k);
                let expected = exact_f32(&rows, &search);
                assert_eq!(expected.len(), k.min(count));
                assert_eq!(found(&rows, search, [64, 1_000, 1][at % 3]), expected, "{shape:?} {count} × {dimensions}");
            }
        }
    }
}

#[test]
fn a_thousand_queries_of_a_thousand() {
    let mut random = Random(5);
    for shape in SHAPES {
        let all = vectors(shape, 3_000, 48, &mut random);
        let (queries, stored) = all.split_at(1_000);
        let rows = rows(stored);
        let same = queries.iter().filter(|vector| {
            let search = search(query(vector), 10);
            exact_f32(&rows, &search) == found(&rows, search, 700)
        });
        assert_eq!(same.count(), 1_000, "{shape:?}");
    }
}

#[test]
fn deletes_and_filters_come_first() {
    let mut random = Random(2);
    for shape in SHAPES {
        let all = vectors(shape, 1_020, 40, &mut random);
        let (queries, stored) = all.split_at(20);
        let mut rows = rows(stored);
        for row in 0..1_000 {
            if random.below(3) == 0 {
                assert!(rows.kill(row));
                assert!(!rows.kill(row));
            }
        }
        for (at, vector) in queries.iter().enumerate() {
            let percent = [0, 1, 10, 60, 100][at % 5];
            let mask = Bitmap::of(1_000, |_| random.below(100) < percent);
            let matching = mask.iter().filter(|row| rows.live().contains(*row)).count();
            let search = Search { mask: Some(Arc::new(mask)), ..search(query(vector), 10) };
            let expected = exact_f32(&rows, &search);
            assert_eq!(expected.len(), matching.min(10), "as many as match");
            assert_eq!(found(&rows, search, 128), expected, "{shape:?}, {percent} %");
        }
    }
}

#[test]
fn thresholds_and_none_wanted() {
    let mut random = Random(3);
    let all = vectors(super::data::Shape::Easy, 500, 32, &mut random);
    let rows = rows(&all);
    for vector in &all[..10] {
        let any = exact_f32(&rows, &search(query(vector), 500));
        let threshold = f64::from(any[20].score);
        let bounded = Search { threshold: Some(threshold), ..search(query(vector), 100) };
        assert_eq!(found(&rows, bounded.clone(), 64), any[..21], "a score that is the threshold is enough");
        let above = Search { threshold: Some(threshold.next_up()), ..bounded.clone() };
        assert_eq!(found(&rows, above, 64), any[..20]);
        assert_eq!(found(&rows, Search { threshold: Some(1.5), ..bounded.clone() }, 64), []);
        assert_eq!(found(&rows, Search { k: 0, ..bounded }, 64), []);
    }
}

#[test]
fn zero_vectors_score_nothing() {
    let mut stored = vectors(super::data::Shape::Hard, 50, 20, &mut Random(4));
    (0..50).step_by(5).for_each(|at| stored[at] = vec![0.0; 20]);
    let rows = rows(&stored);
    let zero = search(query(&[0.0; 20]), 7);
    let hits = found(&rows, zero.clone(), 64);
    assert_eq!(hits, exact_f32(&rows, &zero));
    assert!(hits.iter().all(|hit| hit.score.to_bits() == 0));
    let all = search(query(&stored[1]), 50);
    let hits = found(&rows, all.clone(), 64);
    assert_eq!(hits, exact_f32(&rows, &all));
    assert_eq!(hits.iter().filter(|hit| hit.score.to_bits() == 0).count(), 10);
}
