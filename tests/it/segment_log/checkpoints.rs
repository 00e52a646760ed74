//! Checkpoints that stand on each other, and tabs that slept while others were made.

use bytestow::segment_log::format::Meta;
use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{META, SegmentLog, SegmentLogOptions, Store, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, Keys, ManualClock, Ttl, Value};
use futures_executor::block_on;

use super::driver::TUNING;
use super::end_of;

fn open(database: &SimDatabase, tab: u64, tuning: Tuning) -> SegmentLog<SimBackend> {
    let clock = ManualClock::at(9);
    let options = SegmentLogOptions { clock: Some(clock), tuning, ..SegmentLogOptions::default() };
    SegmentLog::new(database.tab(tab), options)
}

fn batch(keys: std::ops::Range<usize>, length: usize) -> Entries {
    keys.map(|key| (format!("{}/{key}", key % 10), Value::from(vec![key as u8; length]))).collect()
}

fn set(store: &SegmentLog<SimBackend>, keys: std::ops::Range<usize>) {
    block_on(store.set_many(batch(keys, 40), Ttl::Never)).unwrap();
}

/// Sets a few keys, one a row, until a checkpoint is due, and makes it.
fn checkpoint(store: &SegmentLog<SimBackend>) {
    for key in 0..TUNING.checkpoint_rows as usize {
        set(store, 1_000 + key..1_001 + key);
    }
    assert!(block_on(store.maintain()).unwrap());
}

/// A key that went is in the first checkpoint, and its end in the second; a third, made by a tab that has only read
/// them, takes in the second. The end must not be lost with it.
#[test]
fn segment_log_checkpoints_that_are_taken_in_leave_their_deletes() {
    let database = SimDatabase::new();
    let first = open(&database, 1, TUNING);
    set(&first, 0..300);
    checkpoint(&first);
    assert_eq!(first.audit().checkpoints, 1);
    block_on(async {
        first.delete_many(Keys::from(["5/5"])).await.unwrap();
        first.clear("7/".to_owned(), false).await.unwrap();
    });
    checkpoint(&first);
    assert_eq!(first.audit().checkpoints, 2);
    let second = open(&database, 2, TUNING);
    checkpoint(&second);
    let audit = second.audit();
    assert_eq!((audit.checkpoints, audit.rows_behind), (2, 0), "the third did not take in the second");
    let third = open(&database, 3, TUNING);
    for store in [&first, &second, &third] {
        block_on(async {
            assert_eq!(store.get("5/5").await.unwrap(), None);
            assert_eq!(store.keys("7/").await.unwrap(), ["7/1007"]);
            assert_eq!(store.get("6/6").await.unwrap(), Some(vec![6; 40].into()));
            assert_eq!(store.keys("").await.unwrap().len(), 300 - 1 - 30 + TUNING.checkpoint_rows as usize);
        });
    }
}

/// The tab knows rows that are no more, and segments that are no more.
#[test]
fn segment_log_of_a_tab_that_slept_finds_what_became_of_it() {
    let database = SimDatabase::new();
    let (awake, sleeper) = (open(&database, 1, TUNING), open(&database, 2, TUNING));
    set(&awake, 0..100);
    assert_eq!(block_on(sleeper.keys("")).unwrap().len(), 100);
    block_on(awake.delete_many((0..100).filter(|key| key % 3 > 0).map(|key| format!("{}/{key}", key % 10)).collect()))
        .unwrap();
    for _ in 0..4 {
        checkpoint(&awake);
    }
    assert!(awake.audit().trim > 2, "{:?}", awake.audit());
    for key in 0..100 {
        let found = block_on(sleeper.get(&format!("{}/{key}", key % 10))).unwrap();
        assert_eq!(found, (key % 3 == 0).then(|| vec![key as u8; 40].into()), "{key}");
    }
    assert_eq!(block_on(sleeper.keys("")).unwrap(), block_on(awake.keys("")).unwrap());
    // A version from before says no more than it may.
    assert_eq!(sleeper.audit().segments, awake.audit().segments);
}

/// A checkpoint of many transactions, with writes between any two of them.
#[test]
fn segment_log_checkpoints_are_made_while_others_write() {
    for every in 1..12 {
        let database = SimDatabase::stepped(every);
        let tuning = Tuning { transaction_bytes: 300, ..TUNING };
        let (maker, writer) = (open(&database, 1, tuning), open(&database, 2, tuning));
        for at in 0..TUNING.checkpoint_rows as usize {
            end_of(&database, maker.set_many(batch(at * 10..at * 10 + 10, 40), Ttl::Never)).unwrap();
        }
        let mut maintenance = Box::pin(maker.maintain());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        let mut writes = 0;
        'maintenance: loop {
            for _ in 0..every {
                if maintenance.as_mut().poll(&mut task).is_ready() {
                    break 'maintenance;
                }
                database.step(0);
            }
            let key = writes % 90;
            let mut write = match writes % 3 {
                0 => writer.delete_many(batch(key..key + 1, 0).keys().clone()),
                1 => writer.set_many(batch(key..key + 4, 41), Ttl::Never),
                _ => writer.set_many(batch(100 + writes..101 + writes, 41), Ttl::Never),
            };
            writes += 1;
            while write.as_mut().poll(&mut task).is_pending() {
                // What is before it in the line must go on.
                database.step(0);
                if maintenance.as_mut().poll(&mut task).is_ready() {
                    end_of(&database, write).unwrap();
                    break 'maintenance;
                }
            }
        }
        assert!(writes > 3, "{writes} writes fell into it");
        let fresh = open(&database, 3, tuning);
        assert!(fresh_is_right(&database, &fresh, &writer), "after {writes} writes, one every {every} requests");
    }
}

fn fresh_is_right(database: &SimDatabase, fresh: &SegmentLog<SimBackend>, known: &SegmentLog<SimBackend>) -> bool {
    let keys = end_of(database, known.keys("")).unwrap();
    let asked = || Keys::from(keys.as_slice());
    let (a, b) =
        (end_of(database, known.get_many(asked())).unwrap(), end_of(database, fresh.get_many(asked())).unwrap());
    let same = a.iter().zip(&b).all(|(a, b)| a.value.is_some() && a.value == b.value);
    same && end_of(database, fresh.keys("")).unwrap() == keys
}

/// What a checkpoint begins with is cut like all else: Chromium keeps a longer record in a file of its own, which is the
/// first to get lost. A page of it that is damaged takes no more with it than it says.
#[test]
fn segment_log_cuts_what_a_checkpoint_begins_with() {
    let tuning = Tuning { checkpoint_rows: 1, scan: 100_000, ..Tuning::default() };
    let database = SimDatabase::new();
    let store = open(&database, 1, tuning);
    let name = |key: usize| format!("text-embedding-3-small/{key:064x}");
    let set = |keys: std::ops::Range<usize>| {
        block_on(store.set_many(keys.map(|key| (name(key), Value::from(vec![7; 5]))).collect(), Ttl::Never)).unwrap();
        assert!(block_on(store.maintain()).unwrap());
    };
    set(0..6_000);
    block_on(store.delete_many((0..3_000).map(name).collect())).unwrap();
    set(6_000..6_001);
    let meta = Meta::read(&database.record(Store::Rows, META).unwrap().to_vec()).unwrap();
    let [_, last] = meta.runs[..] else { panic!("{meta:?}") };
    assert!((4..10).contains(&last.openings), "{last:?}");
    let longest = database.rows().into_iter().filter(|(key, _)| *key < -1).map(|(_, page)| page.len()).max().unwrap();
    assert!((50_000..60_000).contains(&longest), "{longest}");
    let there = |tab| block_on(open(&database, tab, tuning).keys("")).unwrap().len();
    assert_eq!(there(2), 3_001);
    let second = -2 - i64::from(last.page + 1);
    let page = database.record(Store::Rows, second).unwrap();
    database.damage(Store::Rows, second, Some(Value::from(vec![0; page.len()])));
    let more = there(3) - 3_001;
    assert!((400..900).contains(&more), "{more} are there again");
    // A tab that knows better makes it good.
    set(6_001..9_000);
    assert_eq!((there(4), store.audit().checkpoints), (6_000, 1));
}
