//! Sends commands and sees them answered: attempts, retries, deadlines, the breaker, the token.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Token;
use super::command::Command;
use super::complaint::{Complaint, Heard, Remedy};
use super::reply::{Answer, Body, Form, Reply};
use super::retry::{Patience, retry_after};
use super::transport::{Head, Interrupted, Receive, Request, Transport};
use crate::breaker::Breaker;
use crate::error::ErrorCode;
use crate::event::{Counters, Event, tell};
use crate::timer::{SharedTimer, before, micros, ms};
use crate::{Error, Observer, Result, Secret};

/// What a client is made of.
pub struct Client {
    /// Where requests go: the REST API's URL, without a slash at its end.
    pub url: String,
    /// What proves that we may.
    pub token: Token,
    /// Further headers, for proxies.
    pub headers: Vec<(String, Secret)>,
    /// How long and how often a request is tried.
    pub patience: Patience,
    /// What carries requests.
    pub transport: Arc<dyn Transport>,
    /// Waits, and tells how long something took.
    pub timer: SharedTimer,
    /// Told of requests, retries and breaks.
    pub observer: Option<Observer>,
    /// Counts them.
    pub counters: Counters,
    /// Whether the server is being left alone.
    pub breaker: Breaker,
    /// Numbers requests, and the newest sync token with the number of its request.
    pub requests: AtomicU64,
    /// See [`requests`](Self::requests).
    pub sync_token: Mutex<(u64, String)>,
}

/// What is asked, how, and what for.
#[derive(Clone, Copy)]
pub struct Ask {
    /// The operation, for events.
    pub operation: &'static str,
    /// How many keys it is about, for events.
    pub keys: usize,
    /// The form in which replies are to come.
    pub form: Form,
    /// Whether the server has answered in that form before.
    pub spoken: bool,
    /// Whether one command alone goes to `/pipeline` too.
    pub pipelined: bool,
    /// Whether all commands are sent again when one has failed for now: their answers belong together.
    pub together: bool,
    /// Whether a reply is of the kind that the commands have, for so many keys; one that is not is taken for a reply that
    /// was cut off or mixed up on its way.
    pub fits: fn(&Reply, usize) -> bool,
}

/// What a request has come to.
pub enum Outcome {
    /// An answer to each command: a reply, or what the server complains of.
    Answered(Vec<Heard<Reply>>),
    /// Replies came in another form than was asked for.
    OtherForm,
}

/// One attempt's end.
enum Attempt {
    Answered(Vec<Heard<Reply>>),
    OtherForm,
    Failed(Complaint, Option<Duration>),
}

/// A response, as it comes.
struct Incoming {
    head: Head,
    body: Body,
}

impl Receive for Incoming {
    fn head(&mut self, head: Head) {
        self.head = head;
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.body.push(bytes);
    }
}

impl Client {
    /// Sends `commands` in one request, and those of them that failed for now again. All of them must be safe to repeat.
    ///
    /// # Errors
    /// What all of them failed with. What single ones failed with stands in the outcome.
    pub async fn ask(&self, commands: &[Command], ask: Ask) -> Result<Outcome> {
        let began = self.timer.now();
        let mut answers: Vec<Heard<Reply>> = Vec::new();
        let mut waiting: Vec<usize> = (0..commands.len()).collect();
        let mut attempts = 0;
        let mut token_asked_again = false;
        loop {
            if let Some(refusal) = self.breaker.refusal(self.timer.now()) {
                return Err(refusal);
            }
            attempts += 1;
            let mut asked = None;
            let failed = match self.attempt(commands, &waiting, ask, began).await? {
                Attempt::OtherForm => return Ok(Outcome::OtherForm),
                Attempt::Failed(complaint, retry_after) => {
                    asked = retry_after;
                    complaint
                }
                Attempt::Answered(replies) => {
                    let mut later = None;
                    let mut still = Vec::new();
                    for (at, reply) in waiting.iter().zip(replies) {
                        if let Err(complaint) = &reply
                            && complaint.remedy.is_later()
                        {
                            later = Some(complaint.clone());
                            still.push(*at);
                        }
                        match answers.get_mut(*at) {
                            Some(answer) => *answer = reply,
                            None => answers.push(reply),
                        }
                    }
                    waiting = if ask.together { (0..commands.len()).collect() } else { still };
                    match later {
                        Some(complaint) => complaint,
                        None => return Ok(Outcome::Answered(answers)),
                    }
                }
            };
            let elapsed = self.timer.now().saturating_sub(began);
            let error = failed.error.with_attempts(attempts, elapsed);
            let wait = match failed.remedy {
                Remedy::Retry => self.patience.wait(attempts, elapsed, asked, self.timer.random()),
                Remedy::Token if matches!(self.token, Token::Ask(_)) && !token_asked_again => {
                    token_asked_again = true;
                    Some(Duration::ZERO)
                }
                Remedy::Token | Remedy::Rest => {
                    self.breaker.open(self.timer.now(), &error);
                    tell(self.observer.as_ref(), || Event::Breaker {
                        reason: error.code().as_str(),
                        ms: ms(crate::breaker::REST),
                    });
                    None
                }
                Remedy::None | Remedy::Split | Remedy::OtherCommand => None,
            };
            let Some(wait) = wait else { return Err(error) };
            tell(self.observer.as_ref(), || Event::Retry {
                operation: ask.operation,
                attempt: attempts,
                delay_ms: ms(wait),
                reason: error.code().as_str(),
            });
            if !wait.is_zero() {
                self.timer.sleep(wait).await;
            }
        }
    }

    /// As [`ask`](Self::ask) for one command alone.
    pub async fn ask_one(&self, command: &Command, ask: Ask) -> Result<Heard<Reply>> {
        match self.ask(std::slice::from_ref(command), ask).await? {
            Outcome::Answered(mut replies) if replies.len() == 1 => Ok(replies.remove(0)),
            _ => Err(Complaint::of_malformed("it is not in the form that was asked for", 200).error),
        }
    }

    /// Sends those of `commands` that are `waiting`.
    async fn attempt(&self, commands: &[Command], waiting: &[usize], ask: Ask, began: Duration) -> Result<Attempt> {
        let mut chosen = Vec::with_capacity(waiting.len());
        waiting.iter().for_each(|at| chosen.extend(commands.get(*at)));
        let commands: &[&Command] = &chosen;
        let pipelined = ask.pipelined || commands.len() > 1;
        let raw = commands.first().and_then(|command| command.path()).filter(|_| commands.len() == 1);
        let url = match raw {
            Some(path) => format!("{}/{path}", self.url),
            None if pipelined => format!("{}/pipeline", self.url),
            None => self.url.clone(),
        };
        let body = if pipelined { Command::pipeline(commands) } else { Command::body(commands) };
        let start = self.timer.now();
        let limit = self.patience.attempt(start.saturating_sub(began));
        let token = match &self.token {
            Token::None => None,
            Token::Fixed(token) => Some(token.clone()),
            Token::Ask(source) => match before(source.token(), self.timer.sleep(limit)).await {
                Some(token) => Some(token?),
                None => return Ok(Attempt::Failed(timed_out("the function that gives the token", limit), None)),
            },
        };
        let mut headers = self.common_headers(raw.is_some(), ask.form, token.as_ref());
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.reveal().to_owned())));
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let limit = limit.saturating_sub(self.timer.now().saturating_sub(start));
        let mut incoming = Incoming { head: Head::default(), body: Body::Empty };
        self.counters.request();
        let sent = self.transport.send(Request { url: &url, headers, body }, &mut incoming);
        let end = before(sent, self.timer.sleep(limit)).await;
        let ms = ms(self.timer.now().saturating_sub(start));
        tell(self.observer.as_ref(), || Event::Request { operation: ask.operation, keys: ask.keys, ms });
        let Incoming { head, body: reply } = incoming;
        if let Some(token) = &head.sync_token {
            self.keep_sync_token(number, token);
        }
        Ok(match end {
            None => Attempt::Failed(timed_out("the server", limit), None),
            Some(Err(interrupted)) => Attempt::Failed(not_reached(&interrupted, head.status), None),
            Some(Ok(())) => judge(&head, reply.finish(ask.form, pipelined, commands.len()), ask),
        })
    }

    fn common_headers(&self, raw: bool, form: Form, token: Option<&Secret>) -> Vec<(&str, String)> {
        let kind = if raw { "application/octet-stream" } else { "application/json" };
        let mut headers = vec![("content-type", kind.to_owned())];
        if let Some(token) = token {
            headers.push(("authorization", format!("Bearer {}", token.reveal())));
        }
        match form {
            Form::Plain => {}
            Form::Base64 => headers.push(("upstash-encoding", "base64".to_owned())),
            Form::Resp2 => headers.push(("upstash-response-format", "resp2".to_owned())),
        }
        let (_, sync_token) = &*self.sync_token.lock().unwrap_or_else(PoisonError::into_inner);
        if !sync_token.is_empty() {
            headers.push(("upstash-sync-token", sync_token.clone()));
        }
        headers
    }

    /// Keeps the sync token of request `number`, unless a later request's is there already: answers overtake each other.
    fn keep_sync_token(&self, number: u64, token: &str) {
        let mut newest = self.sync_token.lock().unwrap_or_else(PoisonError::into_inner);
        if number >= newest.0 {
            *newest = (number, token.to_owned());
        }
    }
}

fn timed_out(who: &str, limit: Duration) -> Complaint {
    let ms = micros(limit).div_ceil(1_000);
    let message = format!("{who} has not answered within {ms} ms, the last attempt's time");
    Complaint { error: Error::new(ErrorCode::Timeout, message), remedy: Remedy::Retry }
}

fn not_reached(interrupted: &Interrupted, status: u16) -> Complaint {
    let message = match status {
        0 => "the server cannot be reached: see cause".to_owned(),
        status => format!("the server's reply was cut off (status {status}): see cause"),
    };
    // Of a JavaScript error reqwest prints its type around it, and some engines a stack below it.
    let words = interrupted.0.lines().next().unwrap_or_default();
    let words = match words.split_at(words.bytes().take_while(u8::is_ascii_alphabetic).count()) {
        (_, inside) if inside.starts_with('(') => inside.get(1..).unwrap_or_default().trim_end_matches(')'),
        _ => words,
    };
    let error = Error::new(ErrorCode::Unavailable, message).with_cause(words);
    Complaint { error, remedy: Remedy::Retry }
}

fn judge(head: &Head, answer: Answer, ask: Ask) -> Attempt {
    let status = head.status;
    let good = (200..300).contains(&status);
    let complaint = match answer {
        Answer::Replies(replies) if good => {
            let fits = |reply: &Reply| matches!(reply, Reply::Error(_)) || (ask.fits)(reply, ask.keys);
            if !replies.iter().all(fits) {
                return Attempt::Failed(Complaint::of_malformed("it is not what the command answers", status), None);
            }
            let mut answers = Vec::with_capacity(replies.len());
            for reply in replies {
                answers.push(match reply {
                    Reply::Error(words) => Err(Complaint::of_words(&words, status)),
                    reply => Ok(reply),
                });
            }
            return Attempt::Answered(answers);
        }
        // A server that knows no other form, unless it has shown that it does; what is no answer to the command at all says
        // nothing about that.
        Answer::OtherForm(replies)
            if good && !ask.spoken && replies.iter().all(|reply| (ask.fits)(reply, ask.keys)) =>
        {
            return Attempt::OtherForm;
        }
        Answer::OtherForm(_) if good => Complaint::of_malformed("it is in another form", status),
        Answer::Refused(words) => {
            let complaint = Complaint::of_words(&words, status);
            // A server that refuses the header that asks for another form says so in words that nobody else uses.
            if ask.form != Form::Plain && !ask.spoken && status == 400 && complaint.is_unspecific() {
                return Attempt::OtherForm;
            }
            complaint
        }
        Answer::Malformed(what) if good && what != "HTML" => Complaint::of_malformed(what, status),
        Answer::Malformed(what) => Complaint::of_status(status, what == "HTML"),
        Answer::Replies(_) | Answer::OtherForm(_) => Complaint::of_status(status, false),
    };
    Attempt::Failed(complaint, head.retry_after.as_deref().and_then(retry_after))
}
