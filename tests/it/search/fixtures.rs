//! Indexes as they were written once: `tests/fixtures/search-format-v1/`. They are never changed, only added to.
//!
//! A file is JSON: the entries of the store by their keys, in hexadecimal, the time at which they are looked at, what is
//! then there, and what a search finds, with the bits of the scores. `SEARCH_GOLDEN=write` writes those that are missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bytestow::features::search::persist::format::Manifest;
use bytestow::features::search::{Found, Kind, SearchOptions, VectorIndex};
use bytestow::{ByteStore as _, ErrorCode, InMemoryByteStore, Keys, ManualClock, Ttl};
use futures_executor::block_on;
use serde_json::{Value as Json, json};

use super::data::Random;
use super::index_support::{HOUR, NOW, index, keys, options, vector};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/search-format-v1").join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &Json) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What a search finds: ids, the bits of scores, and of documents the length and how they begin and end.
fn found(found: Vec<Found>) -> Json {
    let shown = |Found { id, score, document, .. }: Found| {
        let part = document.len().min(20);
        let (begin, end) = (&document[..part], &document[document.len() - part..]);
        json!([id, score.to_bits(), document.len(), hex(begin), hex(end)])
    };
    found.into_iter().map(shown).collect()
}

async fn search(index: &VectorIndex, dimensions: usize) -> Json {
    let query = vector("query", 1, dimensions);
    found(index.search(&query, 1_000, SearchOptions::default()).await.unwrap())
}

async fn add(index: &VectorIndex, dimensions: usize, documents: &[(&str, u64)]) {
    let mut stage = index.stage();
    for (id, version) in documents {
        let length = 5 + (*version as usize % 4) * 9;
        let document: Vec<u8> = (0..length).map(|byte| (byte * 7) as u8 ^ *version as u8).collect();
        let vector = if *version == 0 { vec![0.0; dimensions] } else { vector(id, *version, dimensions) };
        stage.push(id, &vector, &document).unwrap();
    }
    index.commit(stage).await.unwrap();
}

/// Segments of rows and of tombstones, ids of every kind, a vector of zeros, one that is replaced.
async fn rows(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>) {
    let first = index(store, clock, 1);
    add(&first, 19, &[("a", 1), ("é", 2), ("\u{1f600}/x", 3), ("", 4), ("zero", 0), ("b", 5)]).await;
    clock.advance_ms(5);
    let second = index(store, clock, 2);
    add(&second, 19, &[("a", 6), ("c", 7)]).await;
    first.remove(["b", "c"]).await.unwrap();
    add(&second, 19, &[("c", 8)]).await;
}

/// Blocks of each kind but codes, several of them.
async fn blocks(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>) {
    let index = index(store, clock, 1);
    let mut stage = index.stage();
    for (at, length) in [3, 20_000, 20_000, 20_000, 0, 7].into_iter().enumerate() {
        let id = format!("id{at}");
        stage.push(&id, &vector(&id, 1, 2_500), &vec![at as u8; length]).unwrap();
    }
    index.commit(stage).await.unwrap();
}

/// What others cleared, and rows since.
async fn cleared(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>) {
    let [first, second] = [1, 2].map(|seed| index(store, clock, seed));
    add(&first, 6, &[("a", 1), ("b", 2)]).await;
    add(&second, 6, &[("c", 3)]).await;
    first.clear().await.unwrap();
    add(&second, 6, &[("d", 4), ("a", 5)]).await;
}

/// Segments that were merged, writers that were absorbed, and some of them buried.
async fn absorbed(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>) {
    for session in 0..9_u64 {
        let index = index(store, clock, session);
        let ids: Vec<String> = (session * 2..session * 2 + 4).map(|at| format!("id{at}")).collect();
        let documents: Vec<(&str, u64)> = ids.iter().map(|id| (id.as_str(), session + 1)).collect();
        add(&index, 9, &documents).await;
        for id in &ids[..2] {
            add(&index, 9, &[(id, session + 20)]).await;
        }
        index.remove([format!("id{}", session * 2)]).await.unwrap();
        while index.maintain().await.unwrap() {}
        clock.advance_ms(3 * HOUR);
    }
}

async fn entries(store: &InMemoryByteStore) -> BTreeMap<String, Vec<u8>> {
    let keys = keys(store);
    let found = store.get_many(Keys::from(keys.as_slice())).await.unwrap();
    keys.into_iter().zip(found.into_iter().map(|lookup| lookup.value.unwrap().to_vec())).collect()
}

async fn check<F: AsyncFn(&Arc<InMemoryByteStore>, &Arc<ManualClock>)>(name: &str, dimensions: usize, fill: F) -> Json {
    let path = file(name);
    if std::env::var("SEARCH_GOLDEN").is_ok_and(|what| what == "write") && !path.exists() {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        fill(&store, &clock).await;
        let there = search(&index(&store, &clock, 99), dimensions).await;
        let entries: BTreeMap<_, _> =
            entries(&store).await.into_iter().map(|(key, bytes)| (key, hex(&bytes))).collect();
        let now = bytestow::Clock::now_ms(&*clock);
        let golden = json!({ "now": now, "dimensions": dimensions, "entries": entries, "found": there });
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
    }
    let golden: Json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for (kind, resident) in [(Kind::Int8, 0), (Kind::Int8, 1 << 30), (Kind::Binary, 0)] {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(golden["now"].as_u64().unwrap()));
        for (key, entry) in golden["entries"].as_object().unwrap() {
            store.set_many([(key, unhex(entry))].into(), Ttl::Never).await.unwrap();
        }
        let open = |seed| {
            let mut options = options(&clock, seed);
            (options.kind, options.max_resident_bytes) = (kind, resident);
            VectorIndex::new(store.clone(), options).unwrap()
        };
        let index = open(100);
        assert_eq!(search(&index, dimensions).await, golden["found"], "{name}");
        // It is gone on with as with any other.
        add(&index, dimensions, &[("since", 1)]).await;
        for _ in 0..3 {
            while index.maintain().await.unwrap() {}
            clock.advance_ms(2 * HOUR);
        }
        index.remove(["since"]).await.unwrap();
        assert_eq!(search(&index, dimensions).await, golden["found"], "{name}, tidied up");
        assert_eq!(search(&open(101), dimensions).await, golden["found"], "{name}, tidied up and read again");
    }
    golden
}

/// Entries whose keys end so.
fn count(golden: &Json, ending: &str) -> usize {
    golden["entries"].as_object().unwrap().keys().filter(|key| key.ends_with(ending)).count()
}

#[test]
fn rows_and_tombstones_of_format_1_are_read() {
    let golden = block_on(check("rows.json", 19, rows));
    assert_eq!((count(&golden, "/i"), count(&golden, "/q0"), golden["found"].as_array().unwrap().len()), (4, 3, 6));
}

#[test]
fn blocks_of_format_1_are_read() {
    let golden = block_on(check("blocks.json", 2_500, blocks));
    assert_eq!(
        [count(&golden, "/v1"), count(&golden, "/d1"), count(&golden, "/v2"), count(&golden, "/d2")],
        [1, 1, 0, 0]
    );
}

#[test]
fn what_was_cleared_in_format_1_is_read() {
    let golden = block_on(check("cleared.json", 6, cleared));
    assert_eq!(golden["found"].as_array().unwrap().len(), 2);
}

#[test]
fn absorbed_writers_of_format_1_are_read() {
    let golden = block_on(check("absorbed.json", 9, absorbed));
    let manifests = golden["entries"].as_object().unwrap().iter().filter(|(key, _)| key.starts_with("vectors/m/"));
    let absorbed: Vec<bool> = manifests
        .flat_map(|(_, entry)| Manifest::read(&unhex(entry)).unwrap().absorbed)
        .map(|absorbed| absorbed.buried)
        .collect();
    assert!(absorbed.contains(&true) && absorbed.contains(&false), "some are buried, some are not: {absorbed:?}");
}

/// An index whose entry `key` is `damaged`, as it is found.
async fn with_damage(
    golden: &Json,
    entries: &[(String, Vec<u8>)],
    key: &str,
    damaged: &[u8],
) -> Result<Json, ErrorCode> {
    let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(golden["now"].as_u64().unwrap()));
    for (other, entry) in entries {
        let entry = if other == key { damaged } else { entry };
        store.set_many([(other, entry.to_vec())].into(), Ttl::Never).await.unwrap();
    }
    let mut options = options(&clock, 100);
    options.max_resident_bytes = 0;
    let index = VectorIndex::new(store, options).unwrap();
    let dimensions = golden["dimensions"].as_u64().unwrap() as usize;
    let answer = index.search(&vector("query", 1, dimensions), 1_000, SearchOptions::default()).await;
    answer.map(found).map_err(|error| error.code())
}

#[test]
fn what_is_cut_or_changed_is_damage_or_nothing() {
    let mut random = Random(7);
    let mut damage = 0;
    for name in ["rows.json", "blocks.json", "cleared.json", "absorbed.json"] {
        let golden: Json = serde_json::from_str(&fs::read_to_string(file(name)).unwrap()).unwrap();
        let entries: Vec<(String, Vec<u8>)> =
            golden["entries"].as_object().unwrap().iter().map(|(key, entry)| (key.clone(), unhex(entry))).collect();
        for (key, entry) in &entries {
            for at in 0..16 {
                let mut damaged = entry.clone();
                match at {
                    0 => damaged.clear(),
                    1 => damaged.push(0),
                    2 => damaged.extend_from_slice(entry),
                    3..8 => damaged.truncate(random.below(entry.len())),
                    // The frame, and then anything.
                    8..11 => damaged[random.below(12)] ^= 1 << random.below(8),
                    _ => damaged[random.below(entry.len())] ^= 1 << random.below(8),
                }
                match block_on(with_damage(&golden, &entries, key, &damaged)) {
                    // Of entries that nobody needs, or that say nothing that is not known otherwise.
                    Ok(found) => assert_eq!(found, golden["found"], "{name}, {key}, damage {at}"),
                    Err(code) => {
                        assert_eq!(code, ErrorCode::Corrupt, "{name}, {key}, damage {at}");
                        damage += 1;
                    }
                }
            }
        }
    }
    assert!(damage > 500, "{damage} times");
}
