//! A server of Upstash's protocol in memory, behind the client's transport: what it gives, what it lacks, what it refuses,
//! and what happens to a request on its way there and back (see [`faults`](super::faults)).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytestow::upstash::{Head, Interrupted, Receive, Request, Transport};
use bytestow::{BoxFuture, Clock, ManualTimer, SharedClock, Timer};

use super::Dice;
use super::faults::{Chaos, Fault, play};
use super::redis::{Database, Reply};
use super::wire::{self, Asked, Form};

/// Where it is to be found; a database's name follows.
pub const URL: &str = "https://sim.example/";

/// The token that it takes unless told otherwise.
pub const TOKEN: &str = "swordfish-77";

/// What kind of server it is.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    pub name: &'static str,
    /// Commands that it does not know.
    pub lacks: &'static [&'static str],
    pub base64: Header,
    pub resp2: Header,
    /// The most bytes of a command, and of a reply.
    pub limit: usize,
}

/// What becomes of a header that asks for another form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Header {
    Known,
    Ignored,
    /// With status 400.
    Refused,
}

impl Mode {
    pub const FULL: Self =
        Self { name: "full", lacks: &[], base64: Header::Known, resp2: Header::Known, limit: 10_485_760 };
    pub const NO_RESP2: Self = Self { name: "no RESP2", resp2: Header::Ignored, ..Self::FULL };
    pub const NO_BASE64: Self = Self { name: "no base64", base64: Header::Ignored, ..Self::FULL };
    pub const REFUSES_FORMS: Self =
        Self { name: "refuses other forms", base64: Header::Refused, resp2: Header::Refused, ..Self::FULL };
    pub const PLAIN: Self = Self { name: "plain only", base64: Header::Ignored, resp2: Header::Ignored, ..Self::FULL };
    pub const OLD: Self = Self { name: "no MSETEX, no UNLINK", lacks: &["MSETEX", "UNLINK"], ..Self::FULL };
    pub const SMALL: Self = Self { name: "small limits", limit: 5_000_000, ..Self::FULL };
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Duration,
    /// Behind the database's name.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The names of its commands.
    pub commands: Vec<String>,
    /// How many arguments each of them has.
    pub arguments: Vec<usize>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A whole response.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { head: Head { status, ..Head::default() }, body: body.into() }
    }

    /// An error as Upstash writes it.
    pub fn error(status: u16, words: &str) -> Self {
        Self::new(status, serde_json::json!({ "error": words }).to_string())
    }

    pub fn retry_after(mut self, header: &str) -> Self {
        self.head.retry_after = Some(header.to_owned());
        self
    }

    pub fn sync_token(mut self, token: &str) -> Self {
        self.head.sync_token = Some(token.to_owned());
        self
    }
}

/// Goes by a timer.
pub struct TimerClock(pub ManualTimer);

impl Clock for TimerClock {
    fn now_ms(&self) -> u64 {
        1_780_000_000_000 + self.0.now().as_millis() as u64
    }
}

/// See the module.
pub struct Server {
    pub timer: ManualTimer,
    pub mode: Mode,
    state: Mutex<State>,
}

pub struct State {
    databases: BTreeMap<String, (Database, SharedClock)>,
    pub token: String,
    /// Every request so far.
    pub seen: Vec<Seen>,
    /// How many of them are under way.
    pub under_way: usize,
    /// How long a request is under way, each way.
    pub latency: Duration,
    /// What happens to the next requests, one by one.
    pub plan: VecDeque<Fault>,
    /// What happens to those that nothing is planned for.
    pub chaos: Option<Chaos>,
    /// Counts writes, for the sync token.
    writes: u64,
    /// How many commands were asked for.
    pub commands: usize,
}

impl Server {
    pub fn new(mode: Mode, timer: &ManualTimer) -> Arc<Self> {
        let state = State {
            databases: BTreeMap::new(),
            token: TOKEN.to_owned(),
            seen: Vec::new(),
            under_way: 0,
            latency: Duration::from_millis(3),
            plan: VecDeque::new(),
            chaos: None,
            writes: 0,
            commands: 0,
        };
        Arc::new(Self { timer: timer.clone(), mode, state: Mutex::new(state) })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Makes the database `name`, which lets entries expire by `clock`; or leaves it as it is.
    pub fn make(&self, name: &str, clock: SharedClock) {
        let made = || (Database::new(self.mode.lacks), clock);
        self.state().databases.entry(name.to_owned()).or_insert_with(made);
    }

    /// Looks at, or changes, the database `name` behind the client's back.
    pub fn with<T>(&self, name: &str, work: impl FnOnce(&mut Database, u64) -> T) -> T {
        let mut state = self.state();
        let timer = self.timer.clone();
        let made = || (Database::new(self.mode.lacks), Arc::new(TimerClock(timer)) as SharedClock);
        let (database, clock) = state.databases.entry(name.to_owned()).or_insert_with(made);
        let now = clock.now_ms();
        work(database, now)
    }

    /// Plans what happens to the next requests.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().plan.extend(faults);
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.state().seen.len()
    }

    /// The commands of all requests so far, each request's joined by a plus.
    pub fn said(&self) -> Vec<String> {
        self.state().seen.iter().map(|seen| seen.commands.join("+")).collect()
    }

    /// The answer to `request`, which is carried out: of a pipeline the first half alone, if that is all that came through.
    pub fn serve(&self, seen: &Seen, database: &str, half: bool) -> Answer {
        if seen.header("authorization") != Some(&format!("Bearer {}", self.state().token)) {
            let words = "WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis";
            return Answer::error(401, words);
        }
        let form = match self.form(seen) {
            Ok(form) => form,
            Err(words) => return Answer::error(400, words),
        };
        let pipelined = seen.path == "/pipeline";
        let asked = match seen.path.strip_prefix('/') {
            None | Some("pipeline") => wire::commands(&seen.body, pipelined),
            Some(path) => Ok(vec![wire::in_path(path, &seen.body)]),
        };
        let asked = match asked {
            Ok(asked) => asked,
            Err(words) => return Answer::error(400, &words),
        };
        let carried_out = if half { asked.len() / 2 } else { asked.len() };
        let mut replies = Vec::new();
        for (at, command) in asked.iter().enumerate() {
            let reply = if at < carried_out {
                self.run(command, database)
            } else {
                Reply::error("READONLY Writes are temporarily rejected due to server upgrade")
            };
            let mut written = wire::encoded(&reply, form);
            if written.len() > self.mode.limit {
                written = wire::encoded(&too_large(self.mode.limit, written.len()), form);
            }
            replies.push((reply, written));
        }
        let answer = match replies.as_slice() {
            [(Reply::Error(words), _)] if !pipelined => {
                let status = if words.contains("max request size") { 413 } else { 400 };
                Answer::error(status, words)
            }
            [(_, written)] if !pipelined => Answer::new(200, written.clone()),
            _ => {
                let written: Vec<Vec<u8>> = replies.into_iter().map(|(_, written)| written).collect();
                Answer::new(200, wire::joined(&written, form))
            }
        };
        let writes = self.state().writes;
        answer.sync_token(&format!("sync-{writes}"))
    }

    fn form(&self, seen: &Seen) -> Result<Form, &'static str> {
        let base64 = seen.header("upstash-encoding") == Some("base64");
        let resp2 = seen.header("upstash-response-format") == Some("resp2");
        let kind = seen.header("content-type");
        let expected = if seen.path.starts_with("/set/") { "application/octet-stream" } else { "application/json" };
        assert_eq!(kind, Some(expected), "the kind of a body");
        match (base64, resp2) {
            (true, true) => Err("ERR base64 encoding cannot be used with the resp2 response format"),
            (true, _) if self.mode.base64 == Header::Refused => Err("ERR unsupported encoding"),
            (_, true) if self.mode.resp2 == Header::Refused => Err("ERR unsupported response format"),
            (true, _) if self.mode.base64 == Header::Known => Ok(Form::Base64),
            (_, true) if self.mode.resp2 == Header::Known => Ok(Form::Resp2),
            _ => Ok(Form::Plain),
        }
    }

    fn run(&self, asked: &Asked, database: &str) -> Reply {
        if asked.size > self.mode.limit {
            return too_large(self.mode.limit, asked.size);
        }
        self.state().writes += 1;
        self.with(database, |database, now| database.run(&asked.arguments, now))
    }

    /// Notes that a request has come: what it is, and of which database.
    fn note(&self, request: &Request<'_>) -> (Seen, String) {
        let (database, path) = parts_of(request.url);
        let pipelined = path == "/pipeline";
        let asked = match path.strip_prefix('/') {
            None | Some("pipeline") => wire::commands(&request.body, pipelined).unwrap_or_default(),
            Some(path) => vec![wire::in_path(path, &request.body)],
        };
        let name = |asked: &Asked| {
            let name = asked.arguments.first().map(|name| String::from_utf8_lossy(name).to_uppercase());
            name.unwrap_or_default()
        };
        let seen = Seen {
            at: self.timer.now(),
            path,
            headers: request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: request.body.clone(),
            commands: asked.iter().map(name).collect(),
            arguments: asked.iter().map(|asked| asked.arguments.len() - 1).collect(),
        };
        let mut state = self.state();
        state.commands += seen.commands.len();
        state.seen.push(seen.clone());
        (seen, database)
    }
}

fn too_large(limit: usize, actual: usize) -> Reply {
    Reply::Error(format!(
        "ERR max request size exceeded. Limit: {limit} bytes, Actual: {actual} bytes. See https://upstash.com/docs"
    ))
}

/// The database that a URL names, and the path behind it.
fn parts_of(url: &str) -> (String, String) {
    let rest = url.strip_prefix(URL).unwrap_or_else(|| panic!("{url} is not here"));
    let end = rest.find('/').unwrap_or(rest.len());
    (rest[..end].to_owned(), rest[end..].to_owned())
}

/// Counts a request as under way until it ends or is dropped.
struct UnderWay<'s>(&'s Server);

impl<'s> UnderWay<'s> {
    fn new(server: &'s Server) -> Self {
        server.state().under_way += 1;
        Self(server)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

impl Transport for Server {
    fn send<'a>(&'a self, request: Request<'a>, to: &'a mut dyn Receive) -> BoxFuture<'a, Result<(), Interrupted>> {
        Box::pin(async move {
            let _under_way = UnderWay::new(self);
            let (seen, database) = self.note(&request);
            let (fault, latency) = {
                let mut state = self.state();
                let planned = state.plan.pop_front();
                match (planned, &mut state.chaos) {
                    (Some(fault), _) => (fault, state.latency),
                    (None, Some(chaos)) => chaos.next(),
                    (None, None) => (Fault::None, state.latency),
                }
            };
            // A request that is given up before it is there never is: what a network may still deliver later, no client
            // can know or undo, and the store's documentation says so.
            self.timer.sleep(latency).await;
            play(fault, self, &seen, &database, latency, to).await
        })
    }
}

/// Random numbers, kept here with what the server does with them.
pub fn pieces(body: &[u8], dice: &mut Dice) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(1 + dice.below(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces
}
