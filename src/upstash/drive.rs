//! Several requests for one call: a few at a time, each cut when it is begun, halved where the server finds it too large.
//! Not generic over what begins a request: a copy for each kind of them would add 1.1 kB to the package (gzipped).

use std::ops::Range;

use super::batch::halves;
use super::complaint::{Complaint, Remedy};
use crate::future::InFlight;
use crate::{BoxFuture, Portable};

/// A request that has been begun.
pub struct Begun<'b> {
    /// Where the part of the items that it is about ends.
    pub end: usize,
    /// Its end. The remedy `OtherCommand` asks for the same items to be begun again.
    pub sent: BoxFuture<'b, Result<(), Complaint>>,
}

/// A function, called through a pointer: with closures as they are, the wasm would have a copy of [`drive`] for each.
pub trait Call<Argument, Result>: Portable {
    /// Calls it.
    fn call(&self, argument: Argument) -> Result;
}

impl<Argument, Result, F: Fn(Argument) -> Result + Portable> Call<Argument, Result> for F {
    fn call(&self, argument: Argument) -> Result {
        self(argument)
    }
}

/// Has all `count` items sent: `begin` begins a request for some first ones of those that it is given, `width` says how
/// many requests there may be at once. Fails with the first complaint that nothing helps against, and the item at which
/// its request began.
pub async fn drive<'b>(
    count: usize,
    width: &dyn Call<(), usize>,
    begin: &dyn Call<Range<usize>, Begun<'b>>,
) -> Result<(), (usize, Complaint)> {
    let mut todo = Vec::new();
    todo.push(0..count);
    let mut running: InFlight<'b, (Range<usize>, Result<(), Complaint>)> = InFlight::new();
    loop {
        while running.len() < width.call(()) {
            let Some(range) = todo.pop() else { break };
            if range.is_empty() {
                continue;
            }
            let Begun { end, sent } = begin.call(range.clone());
            todo.push(end..range.end);
            running.push(Box::pin(async move { (range.start..end, sent.await) }));
        }
        let Some((range, end)) = running.next().await else { return Ok(()) };
        let Err(complaint) = end else { continue };
        match complaint.remedy {
            Remedy::OtherCommand => todo.push(range),
            Remedy::Split if range.len() > 1 => {
                let (first, second) = halves(range);
                todo.extend([second, first]);
            }
            _ => return Err((range.start, complaint)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorCode};
    use proptest::prelude::*;
    use std::sync::Mutex;

    fn complaint(remedy: Remedy) -> Complaint {
        Complaint { error: Error::new(ErrorCode::TooLarge, "too large"), remedy }
    }

    proptest! {
        /// Whatever is too large for the server, and however often it asks for another command, each item is sent once.
        #[test]
        fn every_item_is_sent_once(
            sizes in prop::collection::vec(1_usize..10, 0..60),
            limit in 9_usize..40,
            cut in 1_usize..20,
            others: Vec<bool>,
            width in 1_usize..5,
        ) {
            let done = Mutex::new(Vec::new());
            let others = Mutex::new(others);
            let begin = |range: Range<usize>| {
                let end = range.end.min(range.start + cut);
                let (done, others, sizes) = (&done, &others, &sizes);
                let sent: BoxFuture<'_, _> = Box::pin(async move {
                    if others.lock().unwrap().pop() == Some(true) {
                        return Err(complaint(Remedy::OtherCommand));
                    }
                    if sizes[range.start..end].iter().sum::<usize>() > limit {
                        return Err(complaint(Remedy::Split));
                    }
                    done.lock().unwrap().extend(range.start..end);
                    Ok(())
                });
                Begun { end, sent }
            };
            let end = futures_executor::block_on(drive(sizes.len(), &|()| width, &begin));
            prop_assert!(end.is_ok());
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            prop_assert_eq!(done, (0..sizes.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_item_too_large_is_the_end() {
        let begin = |range: Range<usize>| Begun {
            end: range.end,
            sent: Box::pin(async move { if range.contains(&2) { Err(complaint(Remedy::Split)) } else { Ok(()) } }),
        };
        let end = futures_executor::block_on(drive(5, &|()| 1, &begin));
        assert_eq!(end.map_err(|(at, complaint)| (at, complaint.remedy)), Err((2, Remedy::Split)));
    }
}
