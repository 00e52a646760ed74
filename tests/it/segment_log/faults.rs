//! One history, and everything that can go wrong at each of its requests.

use bytestow::segment_log::sim::Mishap;
use bytestow::{Clock, Condition, Ttl, Value};

use super::driver::World;
use super::model::Entry;
use super::ops::Op;

fn script(world: &mut World) {
    let now = world.clock.now_ms();
    let entry = |key: usize, length: usize| {
        let value = Value::from(vec![key as u8; length]);
        (format!("k{key}"), Entry { value, expires: u64::MAX, written: now })
    };
    let entries = |keys: std::ops::Range<usize>, length| keys.map(|key| entry(key, length)).collect::<Vec<_>>();
    let all: Vec<String> = (0..40).map(|key| format!("k{key}")).collect();
    let mut ops = vec![Op::Set(entries(0..20, 90)), Op::Get(all.clone())];
    for key in 15..30 {
        ops.push(Op::Set(vec![entry(key, 30)]));
    }
    ops.push(Op::Maintain);
    ops.push(Op::SetIf(entries(25..35, 50), vec![Condition::Absent; 10], None));
    ops.push(Op::Delete(all.get(..12).unwrap().to_vec()));
    ops.push(Op::Maintain);
    ops.push(Op::Clear("k2".to_owned()));
    for key in 0..8 {
        ops.push(Op::Set(entries(key..key + 5, 70)));
    }
    ops.push(Op::Maintain);
    ops.push(Op::List(String::new(), 7));
    ops.push(Op::Get(all));
    for (at, op) in ops.into_iter().enumerate() {
        world.call_on(at % 2, op, Ttl::Never);
        world.finish();
    }
}

fn at_each_request(mishap: Mishap) {
    on_a_disk_at_each_request(mishap, false);
}

fn on_a_disk_at_each_request(mishap: Mishap, tears: bool) {
    let mut after = 0;
    loop {
        // The seed decides whether there are locks, and how reads and writes go together.
        let mut world = World::new(after % 4, 2);
        world.database.tear(tears);
        world.database.mishap(after, mishap);
        script(&mut world);
        let is_over = world.database.no_mishap();
        world.check_end();
        if is_over {
            break;
        }
        after += 1;
    }
    assert!(after > 150, "{after} requests are few");
}

#[test]
fn segment_log_survives_an_abort_at_each_request() {
    at_each_request(Mishap::Abort);
}

#[test]
fn segment_log_survives_a_full_disk_at_each_request() {
    on_a_disk_at_each_request(Mishap::Quota, false);
    on_a_disk_at_each_request(Mishap::Quota, true);
}

#[test]
fn segment_log_survives_a_lost_connection_at_each_request() {
    at_each_request(Mishap::Lose);
    at_each_request(Mishap::LoseAfter);
    at_each_request(Mishap::LoseTransaction);
    at_each_request(Mishap::Break);
}

#[test]
fn segment_log_survives_records_that_cannot_be_read_at_each_request() {
    at_each_request(Mishap::Unreadable);
}

/// The tab is killed at each request: what it was committing is there whole, or not at all.
#[test]
fn segment_log_survives_a_kill_at_each_request() {
    for after in 0..260 {
        for commits in [false, true] {
            let mut world = World::new(after % 4, 1);
            world.call_and_kill(after as usize, commits, script_calls);
            world.check_end();
        }
    }
}

fn script_calls(world: &mut World) {
    let now = world.clock.now_ms();
    for round in 0..6_usize {
        let entry = |key: usize| {
            let value = Value::from(vec![round as u8; 20 + 11 * key]);
            (format!("k{key}"), Entry { value, expires: u64::MAX, written: now })
        };
        world.call_on(0, Op::Set((0..3 + round * 3).map(entry).collect()), Ttl::Never);
        world.call_on(0, Op::Set(vec![entry(round + 20)]), Ttl::Never);
        world.call_on(0, Op::Delete(vec![format!("k{round}")]), Ttl::Never);
        world.call_on(0, Op::Maintain, Ttl::Never);
    }
}
