//! Searches that go over the rows together, rows that are not in memory, and searches by bits.

use std::sync::Arc;

use bytestow::features::search::reference::exact_f32;
use bytestow::features::search::{Bitmap, Hit, Need, Pass, Rescore, Rows, RowsOptions, Search};

use super::data::{Random, SHAPES, Shape, order, query, rows, vectors};
use bytestow::features::search::vector::{Role, unit};

/// Ends a search whose rows are in memory in `exact` alone.
fn finish(rows: &Rows, exact: &Rows, mut rescore: Rescore) -> Vec<Hit> {
    loop {
        match rescore.advance(rows, 3) {
            Need::Nothing => return rescore.into_hits(),
            Need::Time => {}
            Need::Rows(wanted) => {
                assert!((1..=3).contains(&wanted.len()));
                for row in wanted.into_iter().rev() {
                    rescore.score(rows, row, exact.exact(row).unwrap());
                }
            }
        }
    }
}

/// Rows of which none, or some, are in memory in 32 bits.
fn packed(exact: &Rows, kept: impl Fn(u32) -> bool) -> Rows {
    let mut rows = Rows::new(exact.dimensions(), RowsOptions::default()).unwrap();
    for row in 0..exact.len() as u32 {
        rows.push_packed(exact.packed(row), exact.order(row)).unwrap();
        if kept(row) {
            assert!(rows.keep_exact(row, exact.exact(row).unwrap()));
        }
    }
    rows
}

#[test]
fn several_at_a_time_find_what_each_finds_alone() {
    let mut random = Random(11);
    for shape in SHAPES {
        let all = vectors(shape, 911, 33, &mut random);
        let (queries, stored) = all.split_at(11);
        let exact = rows(stored);
        for many in 1..=11 {
            let searches: Vec<Search> = queries[..many]
                .iter()
                .enumerate()
                .map(|(at, vector)| {
                    let percent = [100, 90, 3, 100][at % 4];
                    let mask = (percent < 100).then(|| Arc::new(Bitmap::of(900, |_| random.below(100) < percent)));
                    Search { query: Arc::new(query(vector)), k: 1 + at * 3, mask, threshold: None }
                })
                .collect();
            let rows = packed(&exact, |row| row % 3 > many as u32 % 3);
            let mut pass = Pass::new(&rows, searches.clone());
            while !pass.step(&rows, 100) {}
            for (rescore, search) in pass.finish().into_iter().zip(&searches) {
                assert_eq!(finish(&rows, &exact, rescore), exact_f32(&exact, search), "{shape:?}, {many} at a time");
            }
        }
    }
}

#[test]
fn what_comes_and_goes_meanwhile() {
    let stored = vectors(Shape::Hard, 500, 20, &mut Random(12));
    let mut rows = rows(&stored);
    let search = Search { query: Arc::new(query(&stored[400])), k: 500, mask: None, threshold: None };
    let mut pass = Pass::new(&rows, [search]);
    assert!(!pass.step(&rows, 64));
    rows.push(&unit(&stored[400], 20, Role::Vector(0)).unwrap(), order(500)).unwrap();
    rows.kill(3);
    rows.kill(300);
    while !pass.step(&rows, 64) {}
    let rescore = pass.finish().pop().unwrap();
    rows.kill(4);
    let hits = finish(&rows, &rows, rescore);
    assert_eq!(hits.len(), 497, "not what came, and nothing that is dead");
    assert_eq!(hits[0].row, 400);
}

fn with_bits(stored: &[Vec<f64>]) -> Rows {
    let options = RowsOptions { bits: true, max_exact_bytes: usize::MAX };
    let mut rows = Rows::new(stored[0].len(), options).unwrap();
    for (at, vector) in stored.iter().enumerate() {
        rows.push(&unit(vector, vector.len(), Role::Vector(at)).unwrap(), order(at)).unwrap();
    }
    rows
}

fn by_bits(rows: &Rows, search: &Search, budget: usize) -> Vec<Hit> {
    let mut pass = Pass::new(rows, [search.clone()]);
    while !pass.step(rows, budget) {}
    finish(rows, rows, pass.finish().pop().unwrap())
}

#[test]
fn by_bits_nearly_all_is_found() {
    let mut random = Random(13);
    // Not of sparse vectors: where most numbers are zero, bits say nothing.
    for shape in [Shape::Easy, Shape::Hard, Shape::Duplicates] {
        let mut stored = vectors(shape, 3_060, 768, &mut random);
        // None of them is about zero: what all have in common tells nothing.
        stored.iter_mut().for_each(|vector| vector.iter_mut().step_by(2).for_each(|number| *number += 0.5));
        let (queries, stored) = stored.split_at(60);
        let mut rows = with_bits(stored);
        let (mut steps, mut found, mut wanted) = (0, 0, 0);
        while !rows.settle(500) {
            steps += 1;
        }
        assert!(steps >= 5, "slice by slice");
        assert!(rows.settle(1) && rows.memory().bits > 0);
        for vector in queries {
            let search = Search { query: Arc::new(query(vector)), k: 10, mask: None, threshold: None };
            let expected = exact_f32(&rows, &search);
            let hits = by_bits(&rows, &search, 256);
            assert_eq!(hits.len(), 10);
            wanted += 10;
            found += hits.iter().filter(|hit| expected.contains(hit)).count();
        }
        // Where vectors lie in every direction of 768 none is near, and which are nearest is chance.
        let percent = if shape == Shape::Hard { 80 } else { 98 };
        assert!(found * 100 >= wanted * percent, "{shape:?}: {found} of {wanted}");
    }
}

#[test]
fn rows_without_bits_are_looked_at_all_the_same() {
    let mut random = Random(14);
    let all = vectors(Shape::Hard, 900, 64, &mut random);
    let mut rows = with_bits(&all[..800]);
    while !rows.settle(64) {}
    for (at, vector) in all[800..].iter().enumerate() {
        rows.push(&unit(vector, 64, Role::Vector(at)).unwrap(), order(800 + at)).unwrap();
        let search = Search { query: Arc::new(query(vector)), k: 1, mask: None, threshold: None };
        assert_eq!(by_bits(&rows, &search, 64)[0].row, 800 + at as u32);
    }
    // A mask that lets through fewer than are looked at makes it exact.
    let mask = Some(Arc::new(Bitmap::of(900, |_| random.below(10) == 0)));
    let search = Search { query: Arc::new(query(&all[0])), k: 200, mask, threshold: None };
    assert_eq!(by_bits(&rows, &search, 64), exact_f32(&rows, &search));
}
