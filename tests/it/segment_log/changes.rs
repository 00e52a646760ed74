//! What other tabs did is told, and what this one did is not.

use std::sync::{Arc, Mutex};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, ByteStoreExt, Event, Keys, Observe, Ttl};
use futures_executor::block_on;

use super::end_of;

#[derive(Default)]
struct Heard(Mutex<Vec<(Vec<String>, bool)>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        if let Event::Change { keys, more } = event {
            self.0.lock().unwrap().push((keys, more));
        }
    }
}

fn open(database: &SimDatabase, tab: u64) -> (SegmentLog<SimBackend>, Arc<Heard>) {
    let heard = Arc::<Heard>::default();
    let observer = Some(heard.clone() as Arc<dyn Observe>);
    (SegmentLog::new(database.tab(tab), SegmentLogOptions { observer, ..SegmentLogOptions::default() }), heard)
}

#[test]
fn segment_log_tells_what_other_tabs_did() {
    let database = SimDatabase::new();
    let ((one, of_one), (two, of_two)) = (open(&database, 1), open(&database, 2));
    let take = |heard: &Heard| std::mem::take(&mut *heard.0.lock().unwrap());
    block_on(async {
        one.set("a", "1").await.unwrap();
        two.set("b", "2").await.unwrap();
        // Its own stands behind another's.
        one.set("c", "3").await.unwrap();
        one.get("a").await.unwrap();
        assert_eq!(take(&of_one), [(vec!["b".to_owned()], false)]);
        two.get("a").await.unwrap();
        assert_eq!(take(&of_two), [(vec!["c".to_owned()], false)]);
        two.delete_many(Keys::from(["a", "never"])).await.unwrap();
        two.clear("b".to_owned(), false).await.unwrap();
        two.get("a").await.unwrap();
        one.stat(Keys::from(["a"])).await.unwrap();
        assert_eq!(take(&of_one), [(vec!["a".to_owned(), "never".to_owned()], true)]);
        let many = (0..150).map(|key| (format!("{key}"), "x")).collect();
        one.set_many(many, Ttl::Never).await.unwrap();
        two.keys("").await.unwrap();
        assert!(matches!(take(&of_two).as_slice(), [(keys, true)] if keys.len() == 100));
        assert_eq!((take(&of_one), take(&of_two)), (vec![], vec![]));
    });
}

/// Calls made at once, of two tabs: each tells of the other's alone.
#[test]
fn segment_log_tells_no_tab_of_itself() {
    for seed in 0..50 {
        let database = SimDatabase::stepped(seed);
        let ((one, of_one), (two, _)) = (open(&database, 1), open(&database, 2));
        end_of(&database, async {
            one.open().await.unwrap();
            two.open().await.unwrap();
        });
        let call = |at: u64| {
            let of_two = at.is_multiple_of(3);
            let store = if of_two { &two } else { &one };
            store.set_many([(format!("{of_two} {at}"), "v")].into(), Ttl::Never)
        };
        let mut calls: Vec<_> = (0..12).map(call).collect();
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        let mut choice = seed;
        while !calls.is_empty() {
            calls.retain_mut(|call| call.as_mut().poll(&mut task).is_pending());
            choice = choice.wrapping_mul(0x5851_F42D_4C95_7F2D) + 1;
            database.step(choice >> 33);
        }
        end_of(&database, one.keys("")).unwrap();
        let mut told: Vec<String> = of_one.0.lock().unwrap().drain(..).flat_map(|(keys, _)| keys).collect();
        told.sort_unstable();
        assert_eq!(told, ["true 0", "true 3", "true 6", "true 9"], "seed {seed}");
    }
}
