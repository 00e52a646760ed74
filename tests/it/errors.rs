//! Errors of the crate: short, typed, without values.

use std::time::Duration;

use bytestow::error::MESSAGE_LIMIT;
use bytestow::layers::Namespaced;
use bytestow::{
    ByteStore, ByteStoreExt, Cursor, Entries, Error, ErrorCode, InMemoryByteStore, MemoryOptions, Ttl, Value,
};
use futures_executor::block_on;
use proptest::prelude::*;
use std::sync::Arc;

fn code_of<T>(end: Result<T, Error>) -> Option<ErrorCode> {
    end.err().map(|error| error.code())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_short_whatever_stands_in_them(text in "\\PC{0,900}", key in ".{0,300}", times in 0_usize..4) {
        let long = text.repeat(times);
        for error in [
            Error::invalid_argument(long.clone()),
            Error::new(ErrorCode::Internal, format!("{}: {long}", bytestow::error::shown_key(&key))),
            Error::too_large(&long, u64::MAX, u64::MAX),
            Error::unsupported(&*long),
            Namespaced::new(Arc::new(InMemoryByteStore::new()), &format!("/{long}")).err().unwrap(),
        ] {
            prop_assert!(error.message().chars().count() < MESSAGE_LIMIT);
            prop_assert!(error.to_string().starts_with(error.code().as_str()));
            prop_assert_eq!(ErrorCode::parse(error.code().as_str()), Some(error.code()));
        }
    }

    #[test]
    fn a_ttl_in_seconds_is_positive_and_finite(seconds in prop_oneof![any::<f64>(), -1.0..1e13_f64, Just(0.0)]) {
        let good = seconds > 0.0 && seconds <= 9_007_199_254_740.0;
        match Ttl::after_seconds(seconds) {
            Ok(Ttl::After(life)) => {
                prop_assert!(good, "{seconds} was taken");
                prop_assert!(life >= Duration::from_millis(1) && life.subsec_nanos() % 1_000_000 == 0);
                prop_assert!(life.as_secs_f64() >= seconds * (1.0 - 1e-12) && life.as_secs_f64() <= seconds + 0.0011);
            }
            Ok(other) => prop_assert!(false, "{other:?}"),
            Err(error) => {
                prop_assert!(!good, "{seconds} was refused");
                prop_assert_eq!(error.code(), ErrorCode::InvalidArgument);
            }
        }
    }
}

/// A value in a message would be a leak; so would a whole key.
#[test]
fn messages_hold_no_values_and_keys_cut_short() {
    let secret = "sesame-open-".repeat(20);
    let store = InMemoryByteStore::with_options(MemoryOptions { max_bytes: Some(100), ..MemoryOptions::default() });
    let entries = Entries::from([("k", secret.as_str()), (&secret, "v")]);
    let error = block_on(store.set_many(entries, Ttl::StoreDefault)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert!(error.message().contains("482") && error.message().contains("100"), "{error}");
    assert!(!format!("{error} {error:?}").contains(&secret), "{error:?}");
    let error = Namespaced::new(Arc::new(store), &format!("{secret}/")).err().unwrap();
    assert!(!format!("{error} {error:?}").contains(&secret), "{error:?}");
    assert!(!format!("{:?}", Value::from(secret.as_str())).contains("sesame"));
}

#[test]
fn a_cursor_of_another_kind_is_refused_by_both_kinds() {
    struct Live;
    impl bytestow::store::LiveCursor for Live {
        fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
            self
        }
    }
    let store = InMemoryByteStore::new();
    let end = block_on(store.list(String::new(), Some(Cursor::live(Live)), 1));
    assert_eq!(code_of(end.map(drop)), Some(ErrorCode::InvalidArgument));
    assert_eq!(code_of(Cursor::after("k").into_live::<Live>().map(drop)), Some(ErrorCode::InvalidArgument));
    assert_eq!(code_of(Cursor::live(Live).into_live::<String>().map(drop)), Some(ErrorCode::InvalidArgument));
    assert!(Cursor::live(Live).into_live::<Live>().is_ok());
}

/// Bounds of nothing hold nothing, and refuse instead of turning in circles.
#[test]
fn a_store_without_room_refuses() {
    for (max_bytes, max_entries) in [(Some(0), None), (None, Some(0)), (Some(0), Some(0))] {
        let store =
            InMemoryByteStore::with_options(MemoryOptions { max_bytes, max_entries, ..MemoryOptions::default() });
        block_on(async {
            assert_eq!(code_of(store.set("k", "v").await), Some(ErrorCode::TooLarge));
            assert_eq!(store.keys("").await.unwrap(), [""; 0]);
            store.set_many(Entries::default(), Ttl::StoreDefault).await.unwrap();
        });
    }
    // The empty key with an empty value has no bytes at all.
    let store = InMemoryByteStore::with_options(MemoryOptions { max_bytes: Some(0), ..MemoryOptions::default() });
    block_on(async {
        store.set("", "").await.unwrap();
        assert_eq!(store.get("").await.unwrap(), Some(Value::default()));
    });
}
