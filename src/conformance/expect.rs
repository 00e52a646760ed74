//! What rules say, and the futures that they need: all of it without an executor.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use crate::error::{MESSAGE_LIMIT, shown_key};
use crate::{BoxFuture, ByteStore, Entries, Error, ErrorCode, Keys, Lookup, Result, Ttl, Value};

/// Why a rule is broken.
#[derive(Debug)]
pub(super) struct Broken(String);

/// The end of a check.
pub(super) type Checked<T = ()> = std::result::Result<T, Broken>;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Broken {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(format!("a call failed that should not have: {error}"))
    }
}

/// Ends the rule, with a message, unless something holds.
macro_rules! check {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::conformance::expect::Broken::from(format!($($message)+)));
        }
    };
}
pub(super) use check;

/// A key, and what should be found under it.
pub(super) type Expected<'a> = (&'a str, Option<&'a Value>);

/// The pairs as a call takes them.
pub(super) fn entries<S: AsRef<str>>(pairs: &[(S, Value)]) -> Entries {
    pairs.iter().map(|(key, value)| (key, value.clone())).collect()
}

/// The keys of pairs.
pub(super) fn keys_of(pairs: &[(String, Value)]) -> Vec<&str> {
    pairs.iter().map(|(key, _)| key.as_str()).collect()
}

/// Sets the pairs with the store's default TTL.
pub(super) async fn set<S: AsRef<str> + Sync>(store: &dyn ByteStore, pairs: &[(S, Value)]) -> Checked {
    Ok(store.set_many(entries(pairs), Ttl::StoreDefault).await?)
}

/// Deletes the keys.
pub(super) async fn delete<S: AsRef<str> + Sync>(store: &dyn ByteStore, keys: &[S]) -> Checked {
    Ok(store.delete_many(Keys::from(keys)).await?)
}

/// Looks that each key is answered with its value, or as missing.
pub(super) async fn finds(store: &dyn ByteStore, expected: &[Expected<'_>], what: &str) -> Checked {
    let keys: Keys = expected.iter().map(|(key, _)| key).collect();
    let found = store.get_many(keys).await.map_err(|error| Broken(format!("get_many {what}: {error}")))?;
    matches(&found, expected, what)
}

/// Looks that each pair is there.
pub(super) async fn holds(store: &dyn ByteStore, pairs: &[(String, Value)], what: &str) -> Checked {
    let expected: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), Some(value))).collect();
    finds(store, &expected, what).await
}

/// Looks that none of the keys is there.
pub(super) async fn lacks<S: AsRef<str> + Sync>(store: &dyn ByteStore, keys: &[S], what: &str) -> Checked {
    let expected: Vec<_> = keys.iter().map(|key| (key.as_ref(), None)).collect();
    finds(store, &expected, what).await
}

/// Looks that the answer to `expected`'s keys is theirs.
pub(super) fn matches(found: &[Lookup], expected: &[Expected<'_>], what: &str) -> Checked {
    let (got, asked) = (found.len(), expected.len());
    check!(got == asked, "get_many {what}: {asked} keys have {got} answers");
    for (at, (lookup, (key, value))) in found.iter().zip(expected).enumerate() {
        let difference = match (&lookup.value, value) {
            (None, None) => None,
            (Some(got), None) => Some(format!("{} bytes where it should be missing", got.len())),
            (None, Some(value)) => Some(format!("nothing where {} bytes should be", value.len())),
            (Some(got), Some(value)) => difference(got, value),
        };
        if let Some(difference) = difference {
            return Err(Broken(format!("get_many {what}: key {at}, {}, has {difference}", shown_key(key))));
        }
    }
    Ok(())
}

/// How `got` differs from `expected`, if it does.
fn difference(got: &Value, expected: &Value) -> Option<String> {
    let (ours, theirs) = (got.to_vec(), expected.to_vec());
    if got.len() != ours.len() {
        return Some(format!("a value whose len() is {} and that has {} bytes", got.len(), ours.len()));
    }
    if ours.len() != theirs.len() {
        return Some(format!("{} bytes where {} should be", ours.len(), theirs.len()));
    }
    let at = ours.iter().zip(&theirs).position(|(a, b)| a != b)?;
    Some(format!("other bytes than expected from byte {at} of {} on", ours.len()))
}

/// Every key that begins with `prefix`, by pages of at most `limit`. Ends if they do not seem to.
pub(super) async fn walk(store: &dyn ByteStore, prefix: &str, limit: usize) -> Checked<Vec<String>> {
    const MOST: usize = 50_000;
    let mut keys = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST {
        let page = store.list(prefix.to_owned(), cursor, limit).await?;
        let got = page.keys.len();
        check!(got <= limit.max(1), "list with a limit of {limit} gave {got} keys in one page");
        keys.extend(page.keys);
        check!(keys.len() <= MOST, "list({}) seems never to stop giving keys", shown_key(prefix));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(keys);
        }
    }
    Err(Broken(format!("list({}) seems never to come to its last page", shown_key(prefix))))
}

/// Looks that exactly the `expected` keys begin with `prefix`, each listed once.
pub(super) async fn lists<S: AsRef<str> + Sync>(
    store: &dyn ByteStore,
    prefix: &str,
    expected: &[S],
    what: &str,
) -> Checked {
    let listed = walk(store, prefix, 1_000).await?;
    same_keys(&listed, expected, &format!("list({}) {what}", shown_key(prefix)))
}

/// Looks that the listed keys are those expected, each once.
pub(super) fn same_keys<S: AsRef<str>>(listed: &[String], expected: &[S], what: &str) -> Checked {
    let mut times = BTreeMap::<&str, usize>::new();
    listed.iter().for_each(|key| *times.entry(key).or_default() += 1);
    let expected: BTreeSet<&str> = expected.iter().map(AsRef::as_ref).collect();
    if let Some((key, times)) = times.iter().find(|(_, times)| **times > 1) {
        return Err(Broken(format!("{what}: {} came {times} times", shown_key(key))));
    }
    let missed: Vec<_> = expected.iter().filter(|key| !times.contains_key(**key)).collect();
    if let Some(key) = missed.first() {
        let (missed, of) = (missed.len(), expected.len());
        return Err(Broken(format!("{what}: {missed} of {of} keys did not come, among them {}", shown_key(key))));
    }
    if let Some(key) = times.keys().find(|key| !expected.contains(**key)) {
        return Err(Broken(format!("{what}: {} came and should not have", shown_key(key))));
    }
    Ok(())
}

/// Looks that a call failed with `code`, in a message as messages are to be; gives the message.
pub(super) fn refused<T>(end: Result<T>, code: ErrorCode, what: &str) -> Checked<String> {
    let expected = code.as_str();
    let Err(error) = end else { return Err(Broken(format!("{what} succeeded, but should be refused as {expected}"))) };
    let got = error.code();
    check!(got == code, "{what} was refused as {}, not as {expected}: {}", got.as_str(), error.message());
    let length = error.message().chars().count();
    check!(length > 0 && length < MESSAGE_LIMIT, "{what} was refused with a message of {length} characters");
    Ok(error.message().to_owned())
}

/// All futures, each first polled in its turn; the answers in that order.
pub(super) async fn together<T>(mut futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|task| {
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(task)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// A call under way, which the rule pushes on as it goes.
pub(super) struct UnderWay<'a, T> {
    call: BoxFuture<'a, T>,
    end: Option<T>,
}

impl<'a, T> UnderWay<'a, T> {
    pub(super) fn new(call: BoxFuture<'a, T>) -> Self {
        Self { call, end: None }
    }

    pub(super) fn is_done(&self) -> bool {
        self.end.is_some()
    }

    /// Polls the call once.
    pub(super) async fn push(&mut self) {
        poll_fn(|task| {
            self.poll(task);
            Poll::Ready(())
        })
        .await;
    }

    /// Does `work` while the call goes on. The work has the first turn, so that it meets the call as it stands; where it
    /// waits, the call gets its own.
    pub(super) async fn beside<U>(&mut self, mut work: BoxFuture<'_, U>) -> U {
        poll_fn(|task| {
            let worked = work.as_mut().poll(task);
            if worked.is_pending() {
                self.poll(task);
            }
            worked
        })
        .await
    }

    fn poll(&mut self, task: &mut std::task::Context<'_>) {
        if self.end.is_none()
            && let Poll::Ready(end) = self.call.as_mut().poll(task)
        {
            self.end = Some(end);
        }
    }

    /// The end of the call.
    pub(super) async fn end(self) -> T {
        match self.end {
            Some(end) => end,
            None => self.call.await,
        }
    }
}
