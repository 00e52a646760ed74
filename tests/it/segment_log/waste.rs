//! What is stored beyond what is needed is bounded, whatever was written and deleted before.

use std::time::Duration;

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Store, Tuning, Usage};
use bytestow::{ByteStore, ByteStoreExt, Keys, ManualClock, Ttl, Value};
use futures_executor::block_on;

use super::driver::{Noise, TUNING};

fn open(database: &SimDatabase, tuning: Tuning) -> SegmentLog<SimBackend> {
    SegmentLog::new(database.tab(1), SegmentLogOptions { tuning, ..SegmentLogOptions::default() })
}

fn set(store: &SegmentLog<SimBackend>, entries: Vec<(String, usize)>) {
    let entries = entries.into_iter().map(|(key, length)| (key, Value::from(vec![7; length])));
    block_on(store.set_many(entries.collect(), Ttl::Never)).unwrap();
}

fn delete(store: &SegmentLog<SimBackend>, keys: &[String]) {
    block_on(store.delete_many(Keys::from(keys))).unwrap();
}

/// What is stored, and what of it is needed.
fn stored(store: &SegmentLog<SimBackend>) -> (u64, u64) {
    let keys: Vec<String> = block_on(store.list(String::new(), None, 10_000)).unwrap().keys;
    let stats = block_on(store.stat(Keys::from(keys.as_slice()))).unwrap();
    let live = stats.into_iter().flatten().map(|stat| stat.bytes).sum();
    (block_on(store.usage()).unwrap().stored_bytes, live)
}

/// Half the segments go bit by bit, and take their waste with them; meanwhile the others become hollow.
#[test]
fn segment_log_lets_no_waste_hide_behind_waste_that_went() {
    let tuning = Tuning { segment_bytes: 204, row_bytes: 1 << 20, scan: 10_000, ..TUNING };
    let store = open(&SimDatabase::new(), tuning);
    let name = |what: &str, at: usize| format!("{what} {at:03}");
    for from in 0..20 {
        let of = |at: usize| [("spare", 100), ("large", 94), ("small", 10)].map(|(what, size)| (name(what, at), size));
        set(&store, (from * 20..from * 20 + 20).flat_map(of).collect());
    }
    delete(&store, &(0..400).map(|at| name("spare", at)).collect::<Vec<_>>());
    block_on(store.maintain()).unwrap();
    for round in 0..66 {
        // Not enough for a compaction by itself.
        delete(&store, &[name("large", round * 2), name("large", round * 2 + 1)]);
        let going = 200 + round * 3..203 + round * 3;
        delete(&store, &going.flat_map(|at| ["large", "small"].map(|what| name(what, at))).collect::<Vec<_>>());
        block_on(store.maintain()).unwrap();
        let (stored, live) = stored(&store);
        assert!(stored <= 2 * live + tuning.dead_bytes, "round {round}: {stored} bytes stored, {live} needed");
    }
}

#[test]
fn segment_log_stores_at_most_twice_what_is_needed() {
    let tuning = Tuning { scan: 10_000, ..TUNING };
    // Rows with values in them stay until the checkpoint after next.
    let rows = u64::from(tuning.checkpoint_rows) * 3 * tuning.inline_bytes as u64;
    let mut hollow = 0;
    for seed in 0..20 {
        let (mut noise, database) = (Noise(seed), SimDatabase::new());
        let store = open(&database, tuning);
        let key = |noise: &mut Noise| format!("key {}", noise.below(300));
        for _ in 0..150 {
            match noise.below(8) {
                0..3 => {
                    let count = noise.below(60) + 1;
                    set(&store, (0..count).map(|_| (key(&mut noise), noise.below(150))).collect());
                }
                3..5 => set(&store, vec![(key(&mut noise), noise.below(100))]),
                5 => {
                    let kept = noise.below(300);
                    let most = (0..300).filter(|at| at % 7 != kept % 7).map(|at| format!("key {at}"));
                    delete(&store, &most.collect::<Vec<_>>());
                }
                _ => delete(&store, &[key(&mut noise), key(&mut noise)]),
            }
            let before = stored(&store);
            hollow += usize::from(before.0 > 2 * before.1 + tuning.dead_bytes);
            block_on(store.maintain()).unwrap();
            let (stored, live) = stored(&store);
            assert!(stored <= 2 * live + tuning.dead_bytes + rows, "seed {seed}: {stored} bytes, {live} needed");
            let segments = database.segments();
            let lengths = segments.iter().filter_map(|key| database.record(Store::Segments, *key));
            let on_disk: u64 = lengths.map(|segment| segment.len() as u64).sum();
            assert!(on_disk <= 2 * live + tuning.dead_bytes, "seed {seed}: {on_disk} bytes of segments, {live} needed");
        }
    }
    assert!(hollow > 100, "{hollow} times was there more to be won");
}

/// At once: nobody has to wait for the next maintenance, or for the next tab.
#[test]
fn segment_log_gives_all_back_when_all_is_cleared() {
    let database = SimDatabase::new();
    let store = open(&database, TUNING);
    set(&store, (0..50).map(|at| (format!("key {at}"), 60)).collect());
    assert!(database.segments().len() > 5);
    block_on(store.clear(String::new(), false)).unwrap();
    assert_eq!(database.segments(), Vec::<i64>::new());
    assert_eq!(block_on(store.usage()).unwrap(), Usage::default());
}

/// Another tab learns of a compaction by the row that says what was moved.
#[test]
fn segment_log_knows_which_segments_another_tab_emptied() {
    let database = SimDatabase::new();
    let (one, two) = (open(&database, TUNING), SegmentLog::new(database.tab(2), SegmentLogOptions::default()));
    set(&one, (0..40).map(|at| (format!("key {at:02}"), 40)).collect());
    assert_eq!(block_on(two.usage()).unwrap().stored_bytes, 1_600);
    let before = database.segments();
    // None is left without an entry: those are gone without a row.
    delete(&one, &(0..40).filter(|at| at % 2 > 0).map(|at| format!("key {at:02}")).collect::<Vec<_>>());
    block_on(one.maintain()).unwrap();
    assert_ne!(database.segments(), before);
    let stored_bytes = block_on(two.usage()).unwrap().stored_bytes;
    assert!(stored_bytes < 1_300 && stored_bytes == block_on(one.usage()).unwrap().stored_bytes, "{stored_bytes}");
    assert_eq!(two.audit().segments, one.audit().segments);
}

/// Of values that were written one by one a read wants one: they stand in short segments, also when these are compacted.
#[test]
fn segment_log_keeps_values_that_came_singly_in_short_segments() {
    let tuning = Tuning {
        segment_bytes: 1_000,
        single_bytes: 300,
        row_bytes: 4_000,
        call_bytes: 10_000,
        transaction_bytes: 50_000,
        ..TUNING
    };
    let database = SimDatabase::new();
    let store = open(&database, tuning);
    let lengths = |keep: bool| -> Vec<usize> {
        let lengths = database.segments().into_iter().map(|key| database.record(Store::Segments, key).unwrap().len());
        lengths.filter(|length| (*length <= 300) == keep).collect()
    };
    set(&store, (0..40).map(|at| (format!("batch {at}"), 100)).collect());
    for at in 0..24 {
        set(&store, vec![(format!("single {at}"), 100)]);
    }
    block_on(store.maintain()).unwrap();
    assert_eq!((lengths(true), lengths(false)), (vec![300; 8], vec![1_000; 4]));
    let odd = (0..40).flat_map(|at| [format!("batch {}", at * 2 + 1), format!("single {}", at * 3 + 1)]);
    delete(&store, &odd.collect::<Vec<_>>());
    delete(&store, &(0..8).map(|at| format!("single {}", at * 3)).collect::<Vec<_>>());
    block_on(store.maintain()).unwrap();
    assert_eq!(lengths(false), [1_000, 1_000], "of the batch half is left, together");
    assert!(lengths(true).iter().sum::<usize>() == 800 && lengths(true).len() == 3, "{:?}", lengths(true));
}

/// A tab's own clock may be ahead: what it takes for expired, another one still needs, though it has to move.
#[test]
fn segment_log_drops_nothing_by_a_clock_of_its_own() {
    let database = SimDatabase::new();
    let tab = |number, at, drop_expired| {
        let options =
            SegmentLogOptions { tuning: TUNING, clock: Some(ManualClock::at(at)), ..SegmentLogOptions::default() };
        SegmentLog::new(database.tab(number), SegmentLogOptions { drop_expired, ..options })
    };
    let (behind, ahead) = (tab(1, 7, false), tab(2, 1_000_000, false));
    let lives = Ttl::After(Duration::from_secs(10));
    block_on(behind.set_many([("there", "still")].into(), lives)).unwrap();
    let fold = |by: &SegmentLog<SimBackend>| {
        for round in 0..TUNING.fold_rows {
            set(by, vec![(format!("row {round}"), 10)]);
        }
        assert!(block_on(by.maintain()).unwrap());
    };
    fold(&ahead);
    assert_eq!(ahead.audit().inline_rows, 0, "nothing was moved");
    assert_eq!(block_on(behind.get("there")).unwrap(), Some(Value::from("still")));
    fold(&tab(3, 1_000_000, true));
    assert_eq!(block_on(behind.get("there")).unwrap(), None);
}

/// Records that nobody gains by are left as they are, whatever is compacted beside them.
#[test]
fn segment_log_moves_nothing_of_which_most_is_needed() {
    let database = SimDatabase::new();
    let store = open(&database, TUNING);
    set(&store, (0..40).map(|at| (format!("stays {at:02}"), 100)).collect());
    let stay = database.segments();
    set(&store, (0..40).map(|at| (format!("goes {at:02}"), 100)).collect());
    let before = database.segments().len();
    delete(&store, &(0..20).map(|at| format!("goes {:02}", at * 2)).collect::<Vec<_>>());
    block_on(store.maintain()).unwrap();
    let now = database.segments();
    assert!(stay.iter().all(|key| now.contains(key)) && now.len() < before, "{stay:?} stayed of {now:?}");
}

/// Of a segment whose last values went, no entry says any more how long it is: the checkpoint does.
#[test]
fn segment_log_knows_the_waste_that_a_checkpoint_tells_of() {
    let tuning = Tuning { checkpoint_rows: 1, fold_rows: 1_000, dead_bytes: 1 << 20, scan: 10_000, ..TUNING };
    let database = SimDatabase::new();
    let store = open(&database, tuning);
    set(&store, (0..40).map(|at| (format!("{at:02}"), 100)).collect());
    delete(&store, &(0..20).map(|at| format!("{:02}", at * 2 + 1)).collect::<Vec<_>>());
    block_on(store.maintain()).unwrap();
    assert_eq!(store.audit().checkpoints, 1);
    let known = stored(&store);
    assert_eq!(known, (4_000, 2_000));
    assert_eq!(stored(&open(&database, tuning)), known);
}
