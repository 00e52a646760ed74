//! The rules of the tiers, each by the order of events that could break it.

use std::sync::Arc;
use std::time::Duration;

use bytestow::layers::{OnRemoteError, Spawn, TieredByteStore, TieredOptions};
use bytestow::{
    BoxFuture, ByteStore, ByteStoreExt, Error, ErrorCode, InMemoryByteStore, Keys, ManualTimer, MemoryOptions, Result,
    Timer, Ttl, Value,
};

use super::gate::{Gate, Op, Task, When};
use super::server::TimerClock;

/// Two tiers behind gates, and two handles on them.
pub struct Two {
    pub timer: ManualTimer,
    /// What is there, behind the gates.
    pub local: Arc<InMemoryByteStore>,
    pub remote: Arc<InMemoryByteStore>,
    pub near: Arc<Gate>,
    pub far: Arc<Gate>,
    pub a: Arc<TieredByteStore>,
    pub b: Arc<TieredByteStore>,
}

impl Two {
    pub fn new() -> Self {
        Self::with(|_, _| {}, |_| {})
    }

    /// With gates and options of one's own.
    pub fn with(gates: impl FnOnce(&mut Gate, &mut Gate), options: impl FnOnce(&mut TieredOptions)) -> Self {
        let timer = ManualTimer::new(1);
        let memory = || {
            let clock: bytestow::SharedClock = Arc::new(TimerClock(timer.clone()));
            Arc::new(InMemoryByteStore::with_options(MemoryOptions { clock: Some(clock), ..MemoryOptions::default() }))
        };
        let (local, remote) = (memory(), memory());
        let (mut near, mut far) = (Gate::new(local.clone()), Gate::new(remote.clone()));
        gates(&mut near, &mut far);
        let (near, far) = (Arc::new(near), Arc::new(far));
        let mut tiered = TieredOptions::new(Arc::new(timer.clone()));
        options(&mut tiered);
        let handle = || Arc::new(TieredByteStore::new(near.clone(), far.clone(), tiered.clone()));
        let (a, b) = (handle(), handle());
        Self { timer, local, remote, near, far, a, b }
    }

    /// Lets so many milliseconds go by.
    pub fn pass(&self, ms: u64) {
        self.timer.run(self.timer.sleep(Duration::from_millis(ms)));
    }

    pub fn held(&self) -> (Option<String>, Option<String>) {
        let text = |value: Option<Value>| value.map(|value| String::from_utf8(value.to_vec()).unwrap());
        self.timer.run(async { (text(self.local.get("k").await.unwrap()), text(self.remote.get("k").await.unwrap())) })
    }

    pub fn remotely(&self, value: &str) {
        self.timer.run(self.remote.set("k", value)).unwrap();
    }
}

pub fn get(store: &Arc<TieredByteStore>) -> Task<Result<Option<String>>> {
    let store = store.clone();
    Task::new(async move { Ok(store.get("k").await?.map(|value| String::from_utf8(value.to_vec()).unwrap())) })
}

pub fn set(store: &Arc<TieredByteStore>, value: &'static str) -> Task<Result<()>> {
    let store = store.clone();
    Task::new(async move { store.set("k", value).await })
}

pub fn delete(store: &Arc<TieredByteStore>) -> Task<Result<()>> {
    let store = store.clone();
    Task::new(async move { store.delete_many(Keys::from(["k"])).await })
}

pub fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

pub fn down() -> Error {
    Error::new(ErrorCode::Unavailable, "down")
}

/// Who changes the key while a miss is on its way back from remote.
#[derive(Clone, Copy, Debug)]
enum Who {
    SameHandle,
    OtherHandle,
}

/// A miss is caught with the remote value in its hands; then the key is written or deleted; then the miss goes on.
fn during_a_miss(
    who: Who,
    conditional: bool,
    change: impl Fn(&Arc<TieredByteStore>) -> Task<Result<()>>,
    left: Option<&str>,
) {
    let two = Two::with(|near, _| near.claims.get_mut().unwrap().conditional_set = conditional, |_| {});
    two.remotely("old");
    two.far.catch(Op::Get, When::After);
    let mut read = get(&two.a);
    assert!(two.far.has_caught() && !read.push());
    let mut write = change(match who {
        Who::SameHandle => &two.a,
        Who::OtherHandle => &two.b,
    });
    // A write waits for reads of its handle, and not for ever: a second in each layer that keeps an order.
    for _ in 0..2 {
        two.pass(1_001);
        write.push();
    }
    write.end().unwrap();
    two.far.open();
    // It was called before: it may see either.
    let seen = read.end().unwrap();
    assert!(seen == some("old") || seen.as_deref() == left, "{who:?}: {seen:?}");
    let left = left.map(str::to_owned);
    assert_eq!(two.held(), (left.clone(), left.clone()), "{who:?}, conditional {conditional}");
    assert_eq!(get(&two.a).end().unwrap(), left);
    assert_eq!(get(&two.b).end().unwrap(), left);
}

#[test]
fn a_write_during_a_miss_stays() {
    for conditional in [true, false] {
        for who in [Who::SameHandle, Who::OtherHandle] {
            during_a_miss(who, conditional, |store| set(store, "new"), Some("new"));
        }
    }
}

#[test]
fn a_delete_during_a_miss_stays() {
    for conditional in [true, false] {
        for who in [Who::SameHandle, Who::OtherHandle] {
            during_a_miss(who, conditional, delete, None);
        }
    }
}

#[test]
fn clear_during_a_miss_stays() {
    let clear = |store: &Arc<TieredByteStore>| {
        let store = store.clone();
        Task::new(async move { store.clear(String::new(), true).await })
    };
    for conditional in [true, false] {
        for who in [Who::SameHandle, Who::OtherHandle] {
            during_a_miss(who, conditional, clear, None);
        }
    }
}

/// Where the local store has versions, nobody's write is lost, be it of another tab.
#[test]
fn a_change_of_the_local_store_itself_during_a_miss_stays() {
    for left in [Some("direct"), None] {
        let two = Two::new();
        two.remotely("old");
        two.far.catch(Op::Get, When::After);
        let mut read = get(&two.a);
        assert!(two.far.has_caught() && !read.push());
        two.timer.run(async {
            two.local.set("k", "direct").await.unwrap();
            if left.is_none() {
                two.local.delete_many(Keys::from(["k"])).await.unwrap();
            }
        });
        two.far.open();
        assert_eq!(read.end().unwrap(), some("old"));
        assert_eq!(two.held().0.as_deref(), left);
    }
}

/// A read that is called after a delete has ended must not join one that began before it, through another handle.
#[test]
fn a_read_after_a_delete_of_another_handle_joins_nothing_older() {
    for conditional in [true, false] {
        let two = Two::with(|near, _| near.claims.get_mut().unwrap().conditional_set = conditional, |_| {});
        two.remotely("old");
        two.far.catch(Op::Get, When::After);
        let mut before = get(&two.a);
        assert!(two.far.has_caught() && !before.push());
        delete(&two.b).end().unwrap();
        let mut after = get(&two.a);
        after.push();
        two.far.open();
        before.push();
        assert_eq!(after.end().unwrap(), None, "the delete had ended before this read was called");
        drop(before);
        assert_eq!(two.held(), (None, None), "a deleted key is back");
    }
}

#[test]
fn a_read_after_a_write_of_another_handle_joins_nothing_older() {
    // The local store cannot keep what was written, so that the second read goes on to the remote one.
    let two = Two::with(|near, _| near.claims.get_mut().unwrap().ttl = false, |_| {});
    two.remotely("old");
    two.far.catch(Op::Get, When::After);
    let mut before = get(&two.a);
    assert!(two.far.has_caught() && !before.push());
    let store = two.b.clone();
    let write = Task::new(async move { store.set_many([("k", "new")].into(), Ttl::after_seconds(60.0)?).await });
    write.end().unwrap();
    let mut after = get(&two.a);
    after.push();
    two.far.open();
    before.push();
    assert_eq!(after.end().unwrap(), some("new"), "the write had ended before this read was called");
    assert_eq!(two.held(), (None, some("new")), "an older value is back");
}

#[test]
fn a_local_failure_behind_a_remote_success_leaves_nothing_old() {
    for (delete_fails, drops) in [(false, false), (true, false), (false, true), (true, true)] {
        let two = Two::new();
        set(&two.a, "old").end().unwrap();
        two.near.fail(Op::Set, down());
        if delete_fails {
            two.near.fail(Op::Delete, down());
        }
        if drops {
            delete(&two.a).end().unwrap();
        } else {
            set(&two.a, "new").end().unwrap();
        }
        let left = (!drops).then(|| "new".to_owned());
        let case = format!("delete fails: {delete_fails}, a delete: {drops}");
        // The write-back fails too, so every read goes on to the remote store.
        for store in [&two.a, &two.b] {
            assert_eq!(get(store).end().unwrap(), left, "{case}");
        }
        if delete_fails {
            assert_eq!(two.held().0, some("old"), "{case}: what must not be served is there");
            // Not even where nothing else can be.
            two.far.fail(Op::Get, down());
            assert_eq!(get(&two.b).end().unwrap(), None, "{case}");
            two.far.recover();
        }
        two.near.recover();
        assert_eq!(get(&two.b).end().unwrap(), left, "{case}");
        if !drops {
            assert_eq!(two.held().0, left, "{case}: written back at last");
            two.far.fail(Op::Get, down());
            assert_eq!(get(&two.b).end().unwrap(), left, "{case}: and served again");
        }
    }
}

/// Nobody knows what the remote store holds, so what is local is not served, not even where the remote store is down.
#[test]
fn a_remote_failure_leaves_nothing_to_serve() {
    for (done, local_fails) in [(false, false), (true, false), (true, true)] {
        for drops in [false, true] {
            let two = Two::new();
            set(&two.a, "old").end().unwrap();
            if local_fails {
                two.near.fail(Op::Delete, down());
            }
            two.far.fail(if drops { Op::Delete } else { Op::Set }, down());
            let end = if drops { delete(&two.a).end() } else { set(&two.a, "new").end() };
            assert_eq!(end.map_err(|error| error.code()), Err(ErrorCode::Unavailable));
            if done {
                // The failure was that of the answer.
                two.remotely("new");
            }
            two.far.fail(Op::Get, down());
            assert_eq!(get(&two.b).end().unwrap(), None, "what may be old is served");
            two.far.recover();
            assert_eq!(get(&two.b).end().unwrap(), two.held().1);
        }
    }
}

/// A write that is dropped on its way: nobody knows what the remote store holds.
#[test]
fn a_dropped_write_leaves_nothing_old_to_serve() {
    for (op, when) in
        [(Op::Set, When::Before), (Op::Set, When::After), (Op::Delete, When::Before), (Op::Delete, When::After)]
    {
        for local in [false, true] {
            let two = Two::new();
            set(&two.a, "old").end().unwrap();
            let gate = if local { &two.near } else { &two.far };
            gate.catch(op, when);
            let mut write = if op == Op::Set { set(&two.a, "new") } else { delete(&two.a) };
            assert!(gate.has_caught() && !write.push());
            drop(write);
            for store in [&two.b, &two.a] {
                assert_eq!(get(store).end().unwrap(), two.held().1, "{op:?} {when:?}, in the local store: {local}");
            }
        }
    }
}

/// A read through one handle sees the remote store before a write of the other's, which is then dropped with its answer
/// under way. What the read has seen must not be kept as if it were still true.
#[test]
fn a_read_beside_a_write_that_is_dropped_is_not_kept() {
    for conditional in [true, false] {
        let two = Two::with(|near, _| near.claims.get_mut().unwrap().conditional_set = conditional, |_| {});
        two.remotely("old");
        two.far.catch(Op::Set, When::Before);
        let mut write = set(&two.b, "new");
        assert!(two.far.has_caught() && !write.push());
        two.far.catch(Op::Get, When::After);
        let mut read = get(&two.a);
        assert!(two.far.has_caught() && !read.push());
        // The request arrives; its answer never does.
        two.remotely("new");
        drop(write);
        two.far.open();
        assert_eq!(read.end().unwrap(), some("old"), "it was called before");
        assert_eq!(get(&two.a).end().unwrap(), some("new"), "conditional {conditional}: kept and served");
    }
}

#[test]
fn a_dropped_clear_leaves_nothing_old_to_serve() {
    let two = Two::new();
    set(&two.a, "old").end().unwrap();
    two.far.catch(Op::Clear, When::After);
    let store = two.a.clone();
    let mut clear = Task::new(async move { store.clear(String::new(), true).await });
    assert!(two.far.has_caught() && !clear.push());
    drop(clear);
    assert_eq!(get(&two.b).end().unwrap(), None, "cleared remotely, and served");
}

#[test]
fn a_clear_that_fails_locally_leaves_nothing_old_to_serve() {
    let two = Two::new();
    set(&two.a, "old").end().unwrap();
    two.near.fail(Op::Clear, down());
    let store = two.a.clone();
    let end = Task::new(async move { store.clear(String::new(), true).await }).end();
    assert_eq!(end.map_err(|error| error.code()), Err(ErrorCode::Unavailable));
    assert_eq!(two.held(), (some("old"), None));
    assert_eq!(get(&two.b).end().unwrap(), None, "cleared remotely, and served");
}

/// Both are asked before either is touched.
#[test]
fn a_clear_that_one_tier_refuses_touches_none() {
    for which in [0, 1] {
        let two = Two::with(|near, far| [near, far][which].claims.get_mut().unwrap().shared_backend = true, |_| {});
        set(&two.a, "v").end().unwrap();
        drop((two.near.calls(), two.far.calls()));
        let store = two.a.clone();
        let end = Task::new(async move { store.clear(String::new(), false).await }).end();
        assert_eq!(end.map_err(|error| error.code()), Err(ErrorCode::InvalidArgument));
        assert_eq!((two.near.calls(), two.far.calls()), (vec![], vec![]));
        assert_eq!(two.held(), (some("v"), some("v")));
        let store = two.a.clone();
        Task::new(async move { store.clear(String::new(), true).await }).end().unwrap();
        assert_eq!(two.held(), (None, None));
    }
}

#[test]
fn clear_goes_on_to_the_local_store_where_the_remote_one_fails() {
    let two = Two::new();
    set(&two.a, "old").end().unwrap();
    two.far.fail(Op::Clear, down());
    let store = two.a.clone();
    let end = Task::new(async move { store.clear(String::new(), true).await }).end();
    assert_eq!(end.map_err(|error| error.code()), Err(ErrorCode::Unavailable));
    assert_eq!(two.held(), (None, some("old")));
}

/// Work that runs when the test says so.
#[derive(Default)]
struct Later(std::sync::Mutex<Vec<BoxFuture<'static, ()>>>);

impl Spawn for Later {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(work);
    }
}

impl Later {
    fn begin(&self) -> Vec<Task<()>> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(Task::new).collect()
    }
}

#[test]
fn a_write_back_aside_comes_before_a_later_write() {
    for conditional in [true, false] {
        let later = Arc::new(Later::default());
        let aside = later.clone();
        let two = Two::with(
            |near, _| near.claims.get_mut().unwrap().conditional_set = conditional,
            |options| options.spawn = Some(aside),
        );
        two.remotely("old");
        assert_eq!(get(&two.a).end().unwrap(), some("old"), "answered before it is written back");
        assert_eq!(two.held().0, None);
        // A later write waits for it, and it has not begun.
        let mut write = set(&two.a, "new");
        assert!(!write.push());
        let work = later.begin();
        assert_eq!(work.len(), 1);
        work.into_iter().for_each(Task::end);
        assert!(write.push());
        assert_eq!(two.held(), (some("new"), some("new")));

        // Work that is begun too late finds that the key was written.
        two.timer.run(two.local.delete_many(Keys::from(["k"]))).unwrap();
        assert_eq!(get(&two.a).end().unwrap(), some("new"));
        let mut write = set(&two.a, "newest");
        assert!(!write.push());
        two.pass(1_001);
        assert!(write.push(), "a write does not wait for ever");
        later.begin().into_iter().for_each(Task::end);
        assert_eq!(two.held(), (some("newest"), some("newest")), "conditional {conditional}");
    }
}

#[test]
fn handles_share_by_the_name_of_the_local_store() {
    // Two gates on one local store, of one name: an object each, as two handles on one database are.
    let timer = ManualTimer::new(1);
    let (local, remote) = (Arc::new(InMemoryByteStore::new()), Arc::new(InMemoryByteStore::new()));
    let far = Arc::new(Gate::new(remote.clone()));
    let handle = |name: Option<&str>| {
        let mut near = Gate::new(local.clone());
        near.claims.get_mut().unwrap().conditional_set = false;
        near.identity = name.map(str::to_owned);
        let options = TieredOptions::new(Arc::new(timer.clone()));
        Arc::new(TieredByteStore::new(Arc::new(near), far.clone(), options))
    };
    for (names, guarded) in
        [([Some("one"), Some("one")], true), ([Some("one"), Some("other")], false), ([None, None], false)]
    {
        timer.run(async {
            remote.set("k", "old").await.unwrap();
            local.delete_many(Keys::from(["k"])).await.unwrap();
        });
        let [a, b] = names.map(handle);
        far.catch(Op::Get, When::After);
        let mut read = get(&a);
        assert!(far.has_caught() && !read.push());
        set(&b, "new").end().unwrap();
        far.open();
        read.end().unwrap();
        // Without versions and under other names nothing can tell them that they are one: the names are what does.
        let held = timer.run(local.get("k")).unwrap();
        assert_eq!(held == Some("new".into()), guarded, "{names:?}");
    }
}

#[test]
fn remote_down() {
    for throws in [false, true] {
        let two = Two::with(
            |_, _| {},
            |options| {
                if throws {
                    options.on_remote_error = OnRemoteError::Throw;
                }
            },
        );
        set(&two.a, "v").end().unwrap();
        [Op::Get, Op::List, Op::Stat, Op::Set].into_iter().for_each(|op| two.far.fail(op, down()));
        let unavailable = Err(ErrorCode::Unavailable);
        let code = |error: Error| error.code();
        // What is local needs no remote store.
        assert_eq!(get(&two.a).end().unwrap(), some("v"));
        let store = two.a.clone();
        let missing = Task::new(async move { store.get("missing").await }).end().map_err(code);
        assert_eq!(missing, if throws { unavailable } else { Ok(None) });
        let store = two.a.clone();
        let listed = Task::new(async move { store.keys("").await }).end().map_err(code);
        assert_eq!(listed, if throws { Err(ErrorCode::Unavailable) } else { Ok(vec!["k".to_owned()]) });
        let store = two.a.clone();
        let stats = Task::new(async move { store.stat(Keys::from(["k", "missing"])).await }).end().map_err(code);
        match stats {
            Err(code) => assert!(throws && code == ErrorCode::Unavailable),
            Ok(stats) => {
                assert!(!throws);
                assert_eq!(stats.iter().map(|stat| stat.map(|stat| stat.bytes)).collect::<Vec<_>>(), [Some(1), None]);
            }
        }
        // A write is never as good as done.
        assert_eq!(set(&two.a, "new").end().map_err(code), Err(ErrorCode::Unavailable));
    }
}
