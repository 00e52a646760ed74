//! Reads made in one turn of the event loop share a transaction.
//!
//! The first opens a gathering, which those after it join until it begins; a call of another kind has it begin at once,
//! so that calls keep their order. Unlike [`layers::Coalesced`](crate::layers::Coalesced) it joins no read that is under
//! way, since another tab may have written meanwhile; and it looks at no key, since the log reads a record that several
//! ask for once, and gives each the bytes of its own.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use crate::store::{ByteStore, Lookup};
use crate::{BoxFuture, Error, ErrorCode, Keys, Result};

/// How often a gathering lets others go first after somebody has joined: calls that are made a microtask apart are still
/// of one turn.
const LETS_GO_FIRST: u32 = 2;

type Answer = Arc<Result<Vec<Lookup>>>;
type Read = BoxFuture<'static, Answer>;

/// The reads that have not begun; see the module.
#[derive(Default)]
pub struct Gather(Rc<RefCell<Option<Gathering>>>);

struct Gathering {
    /// Those of all who have joined, one behind the other.
    keys: Keys,
    /// How often it still lets others go first.
    patience: u32,
    read: Option<WeakShared<Read>>,
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
        let mut open = self.0.borrow_mut();
        if let Some(gathering) = open.as_mut()
            && let Some(read) = gathering.read.as_ref().and_then(WeakShared::upgrade)
        {
            let first = gathering.keys.len();
            keys.iter().for_each(|key| gathering.keys.push(key));
            gathering.patience = LETS_GO_FIRST;
            return (read, first);
        }
        let (gather, store) = (self.0.clone(), store.clone());
        let read: Read = Box::pin(async move {
            let keys = poll_fn(|cx| begun(&gather, cx)).await;
            Arc::new(match keys {
                Some(keys) => store.get_many(keys).await,
                None => Err(Error::new(ErrorCode::Internal, "a shared read was lost")),
            })
        });
        let read = read.shared();
        *open = Some(Gathering { keys, patience: LETS_GO_FIRST, read: read.downgrade() });
        (read, 0)
    }

    /// Has what was gathered begin before anything else does.
    pub async fn begin(&self) {
        let read = self.0.borrow_mut().as_mut().and_then(|gathering| {
            gathering.patience = 0;
            gathering.read.as_ref()?.upgrade()
        });
        if let Some(mut read) = read {
            poll_fn(|cx| {
                // Whoever asked for it waits for its end.
                let _ = read.poll_unpin(cx);
                Poll::Ready(())
            })
            .await;
        }
    }
}

/// The keys of the gathering, when it is to begin.
fn begun(gather: &RefCell<Option<Gathering>>, cx: &mut Context<'_>) -> Poll<Option<Keys>> {
    let mut open = gather.borrow_mut();
    match open.as_mut() {
        Some(gathering) if gathering.patience > 0 => {
            gathering.patience -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        _ => Poll::Ready(open.take().map(|gathering| gathering.keys)),
    }
}
