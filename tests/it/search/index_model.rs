//! An index does what a map does, whatever is asked of it in which order, and after it is opened again.

use std::sync::Arc;

use bytestow::features::search::vector::{Role, unit};
use bytestow::features::search::{Found, Query, SearchOptions, VectorIndex};
use bytestow::{InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{DIMENSIONS, HOUR, Model, NOW, add, all, expected, index, vector};

/// What a search should find: documents in the order in which they were added last.
#[derive(Default)]
struct Ordered {
    documents: Vec<(String, u64)>,
}

impl Ordered {
    fn add(&mut self, documents: &[(String, u64)]) {
        for (at, (id, version)) in documents.iter().enumerate() {
            self.documents.retain(|(known, _)| known != id);
            if !documents[at + 1..].iter().any(|(later, _)| later == id) {
                self.documents.push((id.clone(), *version));
            }
        }
    }

    fn search(&self, query: &[f64], k: usize) -> Vec<(String, f32)> {
        let query = Query::new(unit(query, DIMENSIONS, Role::Query).unwrap());
        let score = |id: &str, version| {
            query.score(&unit(&vector(id, version, DIMENSIONS), DIMENSIONS, Role::Vector(0)).unwrap())
        };
        let mut scored: Vec<_> = self.documents.iter().map(|(id, version)| (id.clone(), score(id, *version))).collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        scored.truncate(k);
        scored
    }
}

fn shown(found: Vec<Found>) -> Vec<(String, f32)> {
    found.into_iter().map(|found| (found.id, found.score)).collect()
}

async fn check(index: &VectorIndex, model: &Ordered, random: &mut Random) {
    let map: Model = model.documents.iter().cloned().collect();
    assert_eq!(all(index).await.unwrap(), expected(&map));
    let query = vector("query", random.bits(), DIMENSIONS);
    let k = random.below(12);
    let found = index.search(&query, k, SearchOptions::default()).await.unwrap();
    assert_eq!(shown(found), model.search(&query, k));
}

async fn history(seed: u64, operations: usize) {
    let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let mut random = Random(seed);
    let mut model = Ordered::default();
    let mut current = index(&store, &clock, random.bits());
    for version in 0..operations as u64 {
        match random.below(100) {
            0..50 => {
                let count = 1 + random.below(12);
                // Few ids, so that many are there already, and some twice in a call.
                let documents: Vec<_> = (0..count).map(|_| (format!("id{}", random.below(60)), version)).collect();
                add(&current, &documents).await.unwrap();
                model.add(&documents);
            }
            50..70 => {
                let ids: Vec<String> = (0..random.below(6)).map(|_| format!("id{}", random.below(60))).collect();
                let there = model.documents.iter().filter(|(id, _)| ids.contains(id)).count();
                assert_eq!(current.remove(&ids).await.unwrap(), there);
                model.documents.retain(|(id, _)| !ids.contains(id));
            }
            70..90 => {
                let mut steps = 0;
                while current.maintain().await.unwrap() {
                    steps += 1;
                    assert!(steps < 100, "there is always more to tidy up");
                }
            }
            90..92 => {
                current.clear().await.unwrap();
                model.documents.clear();
            }
            92..96 => current = index(&store, &clock, random.bits()),
            _ => clock.advance_ms(random.below(2 * HOUR as usize) as u64),
        }
        if version % 10 == 0 {
            check(&current, &model, &mut random).await;
        }
    }
    check(&current, &model, &mut random).await;
    check(&index(&store, &clock, 0), &model, &mut random).await;
}

#[test]
fn a_thousand_operations_equal_a_model() {
    for seed in 0..6 {
        block_on(history(seed, 1_000));
    }
}
