//! The rules of a request: attempts, deadlines, the token, the breaker, the forms of replies, limits. All by the injected
//! timer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytestow::upstash::{Encoding, Patience, Token, TokenSource, UpstashOptions, UpstashRedisByteStore};
use bytestow::{
    BoxFuture, ByteStore, ByteStoreExt, Entries, Error, ErrorCode, Event, Keys, Observe, Result, Secret, Timer, Ttl,
    Value,
};

use super::faults::Fault;
use super::server::{Answer, Header, Mode, Server, TOKEN};
use super::{options, store};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A store with options of one's own.
fn with(server: &Arc<Server>, change: impl FnOnce(&mut UpstashOptions)) -> UpstashRedisByteStore {
    let mut options = options(server, "db");
    change(&mut options);
    UpstashRedisByteStore::new(options).unwrap()
}

fn code<T>(end: Result<T>) -> Option<ErrorCode> {
    end.err().map(|error| error.code())
}

fn texts(count: usize, length: usize) -> Entries {
    (0..count).map(|at| (format!("key {at}"), "x".repeat(length).into_bytes())).collect()
}

const QUOTA: &str = "ERR max requests limit exceeded. Limit: 500000, Usage: 500000";

#[test]
fn an_attempt_has_its_time_to_the_last_byte() {
    let slow = Fault::Pieces { seed: 3, pause: seconds(9) };
    for fault in [Fault::Silent, Fault::Lost, Fault::HeadOnly, slow, Fault::Late(seconds(60))] {
        let (store, server, timer) = store(Mode::FULL);
        timer.run(store.set("k", "v")).unwrap();
        let began = timer.now();
        server.plan([fault.clone()]);
        assert_eq!(timer.run(store.get("k")).unwrap(), Some("v".into()), "{fault:?}");
        let took = timer.now() - began;
        // Ten seconds, a wait of at most 50 ms, and the second attempt.
        assert!(took >= seconds(10) && took < seconds(10) + Duration::from_millis(80), "{fault:?}: {took:?}");
        assert_eq!(server.said(), ["SET", "MGET", "MGET"]);
    }
}

#[test]
fn all_attempts_together_have_a_deadline() {
    let (store, server, timer) = store(Mode::FULL);
    server.plan(vec![Fault::Silent; 9]);
    let error = timer.run(store.get("k")).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (ErrorCode::Timeout, Some(3)), "{error}");
    assert_eq!(timer.now(), seconds(25));
    assert_eq!(error.elapsed(), Some(seconds(25)));
    assert_eq!(server.requests(), 3);
    assert_eq!(server.state().under_way, 0, "a request that is given up frees its socket");
}

#[test]
fn attempts_end() {
    for retries in [0, 1, 5] {
        let (_, server, timer) = store(Mode::FULL);
        let store = with(&server, |options| options.patience = Patience { retries, ..Patience::default() });
        server.plan(vec![Fault::Reset; 9]);
        let error = timer.run(store.get("k")).unwrap_err();
        assert_eq!((error.code(), error.attempts()), (ErrorCode::Unavailable, Some(retries + 1)));
        assert_eq!(server.requests(), retries as usize + 1);
        assert!(error.is_retryable());
    }
}

#[test]
fn the_server_says_when_to_come_again() {
    // What is asked for, and how many milliseconds it makes: at most five seconds, and a date is not understood.
    for (header, least, most) in [("2", 2_000, 2_010), ("60", 5_000, 5_010), ("0", 0, 60), ("Wed, 21 Oct", 0, 60)] {
        let (store, server, timer) = store(Mode::FULL);
        server.plan([Fault::Instead(Answer::error(429, "ERR max commands per second exceeded").retry_after(header))]);
        timer.run(store.get("k")).unwrap();
        let seen = server.state().seen.clone();
        let gap = (seen[1].at - seen[0].at).as_millis();
        assert!((least..=most + 6).contains(&gap), "{header}: {gap}");
    }
}

#[test]
fn only_what_failed_is_asked_again() {
    let (store, server, timer) = store(Mode { lacks: Mode::OLD.lacks, ..Mode::FULL });
    let life = Ttl::After(seconds(60));
    timer.run(store.set_many(texts(4, 3), life)).unwrap();
    assert_eq!(server.said(), ["MSETEX", "SET+SET+SET+SET"]);
    server.plan([Fault::Half]);
    timer.run(store.set_many(texts(5, 3), life)).unwrap();
    assert_eq!(server.said()[2..], ["SET+SET+SET+SET+SET", "SET+SET+SET"], "MSETEX is not tried again");
    assert_eq!(server.with("db", |database, now| database.len(now)), 5);
}

#[test]
fn what_a_server_lacks_is_remembered() {
    let (store, server, timer) = store(Mode::OLD);
    timer.run(async {
        let life = Ttl::After(seconds(60));
        for _ in 0..2 {
            store.set_many(texts(2, 3), life).await.unwrap();
            store.delete_many(Keys::from(["a", "b"])).await.unwrap();
        }
        store.set_many(texts(2, 3), Ttl::Never).await.unwrap();
    });
    assert_eq!(server.said(), ["MSETEX", "SET+SET", "UNLINK", "DEL", "SET+SET", "DEL", "MSET"]);
    let life = server.with("db", |database, now| database.life("key 0", now));
    assert_eq!(life, None, "the last one lives for ever");
}

#[test]
fn an_open_breaker_asks_nothing_and_rests_a_minute() {
    for (answer, expected) in [
        (Answer::error(400, QUOTA), ErrorCode::QuotaExceeded),
        (Answer::error(401, "WRONGPASS invalid or missing auth token"), ErrorCode::Unauthorized),
        (Answer::new(401, "Unauthorized"), ErrorCode::Unauthorized),
        (Answer::new(401, ""), ErrorCode::Unauthorized),
    ] {
        let (store, server, timer) = store(Mode::FULL);
        server.plan([Fault::Instead(answer)]);
        assert_eq!(code(timer.run(store.get("k"))), Some(expected));
        timer.run(timer.sleep(Duration::from_millis(59_900)));
        timer.run(async {
            assert_eq!(code(store.get("k").await), Some(expected));
            assert_eq!(code(store.set("k", "v").await), Some(expected));
            assert_eq!(code(store.delete_many(Keys::from(["k"])).await), Some(expected));
            assert_eq!(code(store.keys("").await), Some(expected));
        });
        assert_eq!(server.requests(), 1, "the server is left alone");
        timer.run(timer.sleep(Duration::from_millis(101)));
        timer.run(store.set("k", "v")).unwrap();
    }
}

/// The quota is gone for the exact forms too: that is no lack of the form.
#[test]
fn a_quota_that_ends_during_an_exact_read_is_a_quota() {
    let (store, server, timer) = store(Mode::FULL);
    server.with("db", |database, _| database.put_raw("k", Some(b"\xFF\x00")));
    server.plan([Fault::None, Fault::Instead(Answer::error(400, QUOTA))]);
    assert_eq!(code(timer.run(store.get("k"))), Some(ErrorCode::QuotaExceeded));
    timer.run(timer.sleep(seconds(61)));
    assert_eq!(timer.run(store.get("k")).unwrap(), Some(Value::from(b"\xFF\x00".as_slice())));
}

/// Gives the tokens in turn, the last one for ever.
struct Tokens {
    tokens: Vec<Result<Secret>>,
    asked: Mutex<usize>,
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<Secret>> {
        let mut asked = self.asked.lock().unwrap();
        let token = self.tokens[(*asked).min(self.tokens.len() - 1)].clone();
        *asked += 1;
        Box::pin(async { token })
    }
}

fn tokens(tokens: &[&str]) -> Arc<Tokens> {
    let tokens = tokens.iter().map(|token| Ok(Secret::new(*token))).collect();
    Arc::new(Tokens { tokens, asked: Mutex::default() })
}

#[test]
fn a_token_is_asked_for_at_each_attempt_and_once_more_when_refused() {
    let (_, server, timer) = store(Mode::FULL);
    let source = tokens(&[TOKEN, "old", TOKEN, "old"]);
    let store = with(&server, |options| options.token = Token::Ask(source.clone()));
    timer.run(async {
        store.set("k", "1").await.unwrap();
        store.set("k", "2").await.unwrap();
        assert_eq!(code(store.set("k", "3").await), Some(ErrorCode::Unauthorized));
    });
    assert_eq!(*source.asked.lock().unwrap(), 5);
    assert_eq!(server.requests(), 5);
    assert_eq!(code(timer.run(store.get("k"))), Some(ErrorCode::Unauthorized), "the breaker is open");
    assert_eq!(server.requests(), 5);
}

#[test]
fn a_token_that_never_comes_has_a_deadline() {
    struct Never;
    impl TokenSource for Never {
        fn token(&self) -> BoxFuture<'_, Result<Secret>> {
            Box::pin(std::future::pending())
        }
    }
    let (_, server, timer) = store(Mode::FULL);
    let store = with(&server, |options| options.token = Token::Ask(Arc::new(Never)));
    assert_eq!(code(timer.run(store.get("k"))), Some(ErrorCode::Timeout));
    assert_eq!((timer.now(), server.requests()), (seconds(25), 0));
}

/// Read-your-writes: the newest answer's token goes out with the next request, also where answers overtake each other.
#[test]
fn sync_tokens_keep_their_sequence() {
    let (store, server, timer) = store(Mode::FULL);
    let answer = |token: &str| Answer::new(200, r#"{"result":"OK"}"#).sync_token(token);
    timer.run(store.get("k")).unwrap();
    server.plan([Fault::Late(seconds(5)), Fault::After(answer("from the second"))]);
    let sent = timer.run(async {
        let both = futures_util::future::join(store.set("slow", "1"), store.set("fast", "2"));
        let (slow, fast) = both.await;
        slow.and(fast)
    });
    sent.unwrap();
    timer.run(store.get("k")).unwrap();
    let state = server.state();
    let tokens: Vec<_> = state.seen.iter().map(|seen| seen.header("upstash-sync-token")).collect();
    assert_eq!(tokens, [None, Some("sync-1"), Some("sync-1"), Some("from the second")]);
}

#[test]
fn base64_is_believed_by_its_canary() {
    let bytes = b"\xFF\x00native".as_slice();
    for (mode, expected) in [
        // RESP2 was not asked for, as nothing was known of the values; base64 first proves itself.
        (Mode::FULL, vec!["MGET", "ECHO+MGET", "MGET", "MGET"]),
        (Mode::NO_RESP2, vec!["MGET", "ECHO+MGET", "MGET", "MGET"]),
        (Mode::NO_BASE64, vec!["MGET", "ECHO+MGET", "MGET", "MGET", "MGET"]),
        (Mode { base64: Header::Refused, ..Mode::FULL }, vec!["MGET", "ECHO+MGET", "MGET", "MGET", "MGET"]),
    ] {
        let (store, server, timer) = store(mode);
        server.with("db", |database, _| database.put_raw("k", Some(bytes)));
        for _ in 0..2 {
            assert_eq!(timer.run(store.get("k")).unwrap(), Some(bytes.into()), "{}", mode.name);
        }
        assert_eq!(server.said(), expected, "{}", mode.name);
    }
}

#[test]
fn where_nothing_exact_is_spoken_such_values_are_corrupt() {
    for mode in [Mode::PLAIN, Mode::REFUSES_FORMS] {
        let (store, server, timer) = store(mode);
        server.with("db", |database, _| {
            database.put_raw("bytes", Some(b"\xFFhunter2"));
            database.put_raw("text", Some("é".as_bytes()));
            database.put_raw(b"key \xFF", Some(b"v"));
        });
        let error = timer.run(store.get("bytes")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Corrupt, "{}", mode.name);
        assert!(!error.to_string().contains("hunter2") && error.message().contains("bytes"));
        assert_eq!(timer.run(store.get("text")).unwrap(), Some("é".into()));
        assert_eq!(code(timer.run(store.get_many(Keys::from(["text", "bytes"])))), Some(ErrorCode::Corrupt));
        // A key that is no text is none of ours, and cannot be told from others in plain JSON.
        let mut listed = timer.run(store.keys("")).unwrap();
        listed.sort_unstable();
        assert_eq!(listed, ["bytes", "text"]);
    }
}

#[test]
fn a_list_of_another_program_is_missing_and_has_no_stat() {
    let (store, server, timer) = store(Mode::FULL);
    server.with("db", |database, _| database.put_raw("list", None));
    timer.run(async {
        assert_eq!(store.get("list").await.unwrap(), None);
        assert_eq!(store.stat(Keys::from(["list"])).await.unwrap(), [None]);
        store.set("list", "v").await.unwrap();
        assert_eq!(store.get("list").await.unwrap(), Some("v".into()));
    });
}

#[test]
fn limits_are_learned_both_ways() {
    let (store, server, timer) = store(Mode { limit: 4_000, ..Mode::FULL });
    timer.run(async {
        // 20 × 1,000 bytes: the first request is refused, the rest are cut by what it said.
        store.set_many(texts(20, 1_000), Ttl::Never).await.unwrap();
    });
    let sets = server.said();
    assert!(sets.len() <= 12 && sets.len() >= 7, "{sets:?}");
    let fresh = with(&server, |_| {});
    let keys: Keys = (0..20).map(|at| format!("key {at}")).collect();
    let found = timer.run(fresh.get_many(keys.clone())).unwrap();
    assert!(found.iter().all(|lookup| lookup.value == Some("x".repeat(1_000).as_str().into())));
    let reads = server.said().len() - sets.len();
    assert!((7..=14).contains(&reads), "{reads} requests for 20 values of which 3 fit a reply");
    let before = server.requests();
    timer.run(fresh.get_many(keys.clone())).unwrap();
    assert!((7..=10).contains(&(server.requests() - before)), "what was learned stays");
    timer.run(fresh.delete_many(keys)).unwrap();
    assert_eq!(server.with("db", |database, now| database.len(now)), 0);
}

#[test]
fn what_is_too_large_is_not_sent() {
    let (store, server, timer) = store(Mode::FULL);
    let entries = [("small", Value::from("v")), ("large", vec![0xFF; 8_000_000].into())];
    let error = timer.run(store.set_many(entries.into_iter().collect(), Ttl::Never)).unwrap_err();
    let details = error.details().unwrap();
    assert_eq!((error.code(), details.limit), (ErrorCode::TooLarge, Some(10_485_760)), "{error}");
    assert!(details.actual.unwrap() > 10_485_760 && error.message().contains("large"));
    let long = "k".repeat(32_769);
    assert_eq!(code(timer.run(store.get(&long))), Some(ErrorCode::TooLarge));
    assert_eq!(code(timer.run(store.set(&long, "v"))), Some(ErrorCode::TooLarge));
    assert_eq!(server.requests(), 0);
    // Once a smaller limit is known, it is what counts.
    let (store, server, timer) = self::store(Mode { limit: 1_000, ..Mode::FULL });
    for requests in [1, 1] {
        let error = timer.run(store.set("k", "x".repeat(5_000).as_str())).unwrap_err();
        assert_eq!((error.code(), error.details().unwrap().limit), (ErrorCode::TooLarge, Some(1_000)));
        assert_eq!(server.requests(), requests);
    }
}

#[test]
fn raw_values_stand_as_they_are() {
    let (_, server, timer) = store(Mode::FULL);
    let store = with(&server, |options| options.encoding = Encoding::Raw);
    let values: Vec<(String, Vec<u8>)> = (0..6)
        .map(|at| (format!("a/b ?#%é+{at}"), vec![at, 0xFF, 0]))
        .chain([("text".to_owned(), b"bytestow1:x".to_vec()), ("empty".to_owned(), Vec::new())])
        .collect();
    timer.run(store.set_many(values.iter().cloned().collect(), Ttl::After(seconds(60)))).unwrap();
    for (key, value) in &values {
        server.with("db", |database, now| {
            assert_eq!(database.peek(key, now).as_ref(), Some(value), "{key}");
            assert!(database.life(key, now).is_some_and(|life| life <= 60_000), "{key}");
        });
        assert_eq!(timer.run(store.get(key)).unwrap(), Some(value.clone().into()), "{key}");
    }
}

/// What is told of, gathered.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn secrets_are_never_shown() {
    const SECRETS: [&str; 3] = [TOKEN, "x-proxy-hunter2", "the-value-hunter3"];
    let (_, server, timer) = store(Mode::FULL);
    let heard = Arc::new(Heard::default());
    let observer = heard.clone();
    let store = with(&server, |options| {
        options.headers = vec![("x-proxy".to_owned(), Secret::new("x-proxy-hunter2"))];
        options.observer = Some(observer);
        options.patience.retries = 1;
        assert_eq!(format!("{:?}", options.token), "Fixed");
    });
    let echo = SECRETS.join(" ");
    let mut errors: Vec<Error> = Vec::new();
    for answer in [
        Answer::error(400, &format!("ERR bad request: Bearer {echo}")),
        Answer::new(400, echo.clone()),
        Answer::new(200, echo.clone()),
        Answer::new(502, format!("<html>{echo}</html>")),
        Answer::error(500, &echo),
        Answer::error(429, &echo),
        Answer::error(413, &echo),
    ] {
        server.plan([Fault::Instead(answer.clone()), Fault::Instead(answer)]);
        errors.extend(timer.run(store.set("k", "the-value-hunter3")).err());
    }
    assert_eq!(errors.len(), 7);
    let shown = errors.iter().map(|error| format!("{error} {error:?}")).chain(heard.0.lock().unwrap().clone());
    for text in shown {
        assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
    }
    let request = &server.state().seen[0];
    assert_eq!(request.header("x-proxy"), Some("x-proxy-hunter2"));
}
