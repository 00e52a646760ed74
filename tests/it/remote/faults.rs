//! What happens to a request on its way there and back, planned or by chance. All of it waits by the injected timer.

use std::time::Duration;

use bytestow::Timer;
use bytestow::upstash::{Interrupted, Receive};
use serde_json::Value as Json;

use super::Dice;
use super::server::{Answer, Seen, Server, pieces};

/// See the module. "Not carried out" means that no command of the request has any effect.
#[derive(Clone, Debug)]
pub enum Fault {
    None,
    /// Not carried out, never answered.
    Silent,
    /// Not carried out; the connection ends.
    Reset,
    /// Carried out, never answered.
    Lost,
    /// Carried out; the connection ends.
    LostReset,
    /// Carried out; after the head there is silence.
    HeadOnly,
    /// Carried out; a share of the body, then the end: of the connection, or of the body as if it were whole.
    Cut {
        share: f64,
        reset: bool,
    },
    /// Carried out; the body in pieces, cut anywhere, with a pause before each.
    Pieces {
        seed: u64,
        pause: Duration,
    },
    /// Not carried out; something else is answered.
    Instead(Answer),
    /// Carried out; something else is answered.
    After(Answer),
    /// Carried out; the answer is a good one, and that of some other command: one of four.
    Mixed(usize),
    /// Carried out; there is one reply too few, or one key's.
    Short,
    /// Of a pipeline the first half is carried out, and the rest refused for now.
    Half,
    /// Carried out, and answered late.
    Late(Duration),
}

/// Faults by chance, from a seed.
pub struct Chaos {
    dice: Dice,
    /// How many of a thousand requests suffer.
    rate: usize,
}

impl Chaos {
    pub fn new(seed: u64, rate: usize) -> Self {
        Self { dice: Dice::new(seed), rate }
    }

    /// What happens to the next request, and how long it is under way each way.
    pub fn next(&mut self) -> (Fault, Duration) {
        let dice = &mut self.dice;
        let latency = Duration::from_micros(500 + dice.below(20_000) as u64);
        if dice.below(1_000) >= self.rate {
            return (Fault::None, latency);
        }
        let fault = match dice.below(20) {
            0 => Fault::Silent,
            1 | 2 => Fault::Reset,
            3 => Fault::Lost,
            4 | 5 => Fault::LostReset,
            6 => Fault::HeadOnly,
            7 | 8 => Fault::Cut { share: dice.below(1_000) as f64 / 1_000.0, reset: dice.one_in(2) },
            9 | 10 => {
                let pause = [0, 1, 40, 3_000][dice.below(4)];
                Fault::Pieces { seed: dice.next(), pause: Duration::from_millis(pause) }
            }
            11 => {
                let header = ["0", "1", "2", "60", "-3", "Wed, 21 Oct 2026 07:28:00 GMT", ""][dice.below(7)];
                Fault::Instead(Answer::error(429, "ERR max commands per second exceeded").retry_after(header))
            }
            12 => Fault::Instead(Answer::error(500, "ERR internal server error")),
            13 => {
                let status = [200, 500, 502, 503, 530][dice.below(5)];
                let body = ["<!doctype html><h1>Bad Gateway</h1>", "error code: 1016", "", "upstream connect error"];
                Fault::Instead(Answer::new(status, body[dice.below(4)]))
            }
            14 => Fault::Short,
            15 | 16 => {
                let garbage: Vec<u8> = (0..dice.below(60)).map(|_| dice.next() as u8).collect();
                let garbage = match dice.below(4) {
                    0 => [b"{\"result\":", garbage.as_slice()].concat(),
                    1 => [b"[", garbage.as_slice(), b"]"].concat(),
                    2 => [b"*2\r\n$1\r\n", garbage.as_slice()].concat(),
                    _ => garbage,
                };
                Fault::After(Answer::new(200, garbage))
            }
            17 => Fault::Mixed(dice.below(4)),
            18 => Fault::Half,
            _ => Fault::Late(Duration::from_millis(dice.below(12_000) as u64)),
        };
        (fault, latency)
    }
}

fn reset() -> Interrupted {
    Interrupted("connection reset".to_owned())
}

/// One reply less, where there are several; what is no JSON loses its second half.
fn shortened(body: &[u8]) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<Json>(body) else { return body[..body.len() / 2].to_vec() };
    let items = if json.is_array() { json.as_array_mut() } else { json["result"].as_array_mut() };
    match items {
        Some(items) if !items.is_empty() => drop(items.pop()),
        _ => return body[..body.len() / 2].to_vec(),
    }
    json.to_string().into_bytes()
}

/// Lets `fault` happen to a request that has come to `server`.
pub async fn play(
    fault: Fault,
    server: &Server,
    seen: &Seen,
    database: &str,
    latency: Duration,
    to: &mut dyn Receive,
) -> Result<(), Interrupted> {
    let half = matches!(fault, Fault::Half);
    let mut answer = match &fault {
        Fault::Silent => return std::future::pending().await,
        Fault::Reset => return Err(reset()),
        Fault::Instead(answer) => answer.clone(),
        Fault::After(answer) => {
            server.serve(seen, database, false);
            answer.clone()
        }
        _ => server.serve(seen, database, half),
    };
    match fault {
        Fault::Lost => return std::future::pending().await,
        Fault::Short => answer.body = shortened(&answer.body),
        Fault::Mixed(which) => {
            // A scan's end is no answer to a scan: that would be a server that lies, not a network that fails.
            let scan = [r#"{"result":["0",[]]}"#, r#"{"result":7}"#][usize::from(seen.commands == ["SCAN"])];
            answer.body = [r#"{"result":"OK"}"#, r#"{"result":null}"#, "{}", scan][which].into();
        }
        Fault::Late(late) => server.timer.sleep(late).await,
        _ => {}
    }
    server.timer.sleep(latency).await;
    if let Fault::LostReset = fault {
        return Err(reset());
    }
    to.head(answer.head);
    match fault {
        Fault::HeadOnly => std::future::pending().await,
        Fault::Cut { share, reset: ends } => {
            let length = (answer.body.len() as f64 * share) as usize;
            to.piece(&answer.body[..length]);
            server.timer.sleep(latency).await;
            if ends { Err(reset()) } else { Ok(()) }
        }
        Fault::Pieces { seed, pause } => {
            for piece in pieces(&answer.body, &mut Dice::new(seed)) {
                server.timer.sleep(pause).await;
                to.piece(&piece);
            }
            Ok(())
        }
        _ => {
            to.piece(&answer.body);
            Ok(())
        }
    }
}
