//! Reads made in one turn of the event loop share a transaction.
//!
//! The first opens a gathering, which those after it join until it begins; a call of another kind has it begin at once,
//! so that calls keep their order. Unlike [`layers::Coalesced`](crate::layers::Coalesced) it joins no read that is under
//! way, since another tab may have written meanwhile; and it looks at no key, since the log reads a record that several
//! ask for once, and gives each the bytes of its own.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use crate::store::{ByteStore, Lookup};
use crate::{BoxFuture, Keys, Result};

/// How often a gathering lets others go first after somebody has joined: calls that are made a microtask apart are still
/// of one turn.
const LETS_GO_FIRST: u32 = 2;

/// A gathering of as many keys is open to no more: its answer comes in one piece, which the page has to bear.
const MANY: usize = 1_000;

type Answer = Arc<Result<Vec<Lookup>>>;
type Read = BoxFuture<'static, Answer>;

/// Gathers reads; see the module.
#[derive(Default)]
pub struct Gather(RefCell<Option<Rc<Gathering>>>);

/// Reads that become one.
#[derive(Default)]
struct Gathering {
    /// Those of all who have joined, one behind the other.
    keys: RefCell<Keys>,
    /// How often it still lets others go first.
    patience: Cell<u32>,
    begun: Cell<bool>,
    read: OnceCell<WeakShared<Read>>,
}

impl Gather {
    /// The values of `keys` in `store`, with whatever else is read in this turn.
    pub async fn get_many(&self, store: &Arc<impl ByteStore + 'static>, keys: Keys) -> Result<Vec<Lookup>> {
        let count = keys.len();
        let (read, first) = self.join(store, keys);
        let answer = read.await;
        match &*answer {
            Ok(found) => Ok(found.get(first..first + count).map(<[Lookup]>::to_vec).unwrap_or_default()),
            Err(error) => Err(error.clone()),
        }
    }

    /// The read of a gathering, and the place of the first of `keys` in it.
    fn join(&self, store: &Arc<impl ByteStore + 'static>, keys: Keys) -> (Shared<Read>, usize) {
        if let Some((gathering, read)) = self.open() {
            let mut gathered = gathering.keys.borrow_mut();
            let first = gathered.len();
            if first + keys.len() <= MANY {
                keys.iter().for_each(|key| gathered.push(key));
                gathering.patience.set(LETS_GO_FIRST);
                return (read, first);
            }
        }
        let gathering = Rc::new(Gathering { keys: RefCell::new(keys), ..Gathering::default() });
        gathering.patience.set(LETS_GO_FIRST);
        let (own, store) = (gathering.clone(), store.clone());
        let read: Read = Box::pin(async move {
            poll_fn(|cx| own.begin(cx)).await;
            let keys = own.keys.take();
            Arc::new(store.get_many(keys).await)
        });
        let read = read.shared();
        if let Some(weak) = read.downgrade() {
            let _ = gathering.read.set(weak);
        }
        self.0.replace(Some(gathering));
        (read, 0)
    }

    /// The gathering that has not begun, and its read.
    fn open(&self) -> Option<(Rc<Gathering>, Shared<Read>)> {
        let gathering = self.0.borrow().as_ref().filter(|gathering| !gathering.begun.get()).cloned()?;
        let read = gathering.read.get()?.upgrade()?;
        Some((gathering, read))
    }

    /// Has what was gathered begin before anything else does.
    pub async fn begin(&self) {
        let Some((gathering, mut read)) = self.open() else { return };
        gathering.patience.set(0);
        poll_fn(|cx| {
            // Whoever asked for it waits for its end.
            let _ = read.poll_unpin(cx);
            Poll::Ready(())
        })
        .await;
    }
}

impl Gathering {
    /// Ready when it is time to begin.
    fn begin(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.patience.get() {
            0 => {
                self.begun.set(true);
                Poll::Ready(())
            }
            left => {
                self.patience.set(left - 1);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
