//! Random histories. One that fails says its seed: `SEGMENT_LOG_SEED=... cargo test --test it segment_log`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::driver::{Seen, World};

/// What may happen in a history.
#[derive(Clone, Copy)]
struct Plan {
    steps: usize,
    tabs: usize,
    mishaps: bool,
    kills: bool,
    deletes: bool,
    /// Handles are closed and calls dropped, wherever they are.
    stops: bool,
    max_bytes: Option<u64>,
}

fn history(seed: u64, plan: Plan) -> Seen {
    let mut world = World::bounded(seed, plan.tabs, plan.max_bytes);
    for _ in 0..plan.steps {
        match world.noise.below(100) {
            0 if plan.mishaps => world.mishap(),
            1 if plan.kills && world.noise.chance(2) => world.kill(),
            2 if plan.deletes && world.noise.chance(6) => world.delete_database(),
            3 if plan.stops => world.close(),
            4 if plan.stops => world.drop_call(),
            5 if plan.mishaps => world.fill_disk(),
            3..7 => {
                world.finish();
                let ms = [1, 3, 20, 100_000][world.noise.below(4)];
                world.clock.advance_ms(ms);
            }
            7..50 if world.under_way() < 2 * plan.tabs => world.call(),
            _ => drop(world.step()),
        }
    }
    world.check_end();
    world.seen
}

/// Runs histories of consecutive seeds, or that of the one in the environment.
fn histories(name: &str, count: u64, plan: Plan) {
    let (first, count) = match std::env::var("SEGMENT_LOG_SEED") {
        Ok(seed) => (seed.parse().expect("SEGMENT_LOG_SEED is a number"), 1),
        // `SEGMENT_LOG_TIMES=10` runs ten times as many.
        Err(_) => (0, count * std::env::var("SEGMENT_LOG_TIMES").map_or(1, |times| times.parse().unwrap())),
    };
    let mut all = Seen::default();
    for seed in first..first + count {
        match catch_unwind(AssertUnwindSafe(|| history(seed, plan))) {
            Ok(seen) => {
                all.errors += seen.errors;
                all.moves += seen.moves;
                all.expiries += seen.expiries;
                all.trimmed += seen.trimmed;
                all.checkpoints = all.checkpoints.max(seen.checkpoints);
                all.reopened += seen.reopened;
                all.unchanged += seen.unchanged;
                all.evicted += seen.evicted;
                all.gone += seen.gone;
                all.buried += seen.buried;
                all.closed += seen.closed;
                all.dropped += seen.dropped;
            }
            Err(panic) => {
                eprintln!("{name}: SEGMENT_LOG_SEED={seed}");
                resume_unwind(panic);
            }
        }
    }
    println!("{name}: {all:?}");
    if count > 1 {
        let trimmed = all.trimmed as u64 > count / 4;
        let looked_at = all.moves > 100 && all.expiries > 100 && trimmed && all.checkpoints > 1;
        assert!(looked_at && all.unchanged > 10, "{name} looks at too little: {all:?}");
        assert!(plan.mishaps || all.errors == 0, "{name}: {all:?}");
        assert!(!plan.mishaps || (all.errors > 50 && all.reopened > 50), "{name}: {all:?}");
        let is_full = plan.mishaps && plan.max_bytes.is_some();
        assert!(!is_full || (all.gone > 100 && all.buried > 30), "{name}: {all:?}");
    }
}

const CALM: Plan =
    Plan { steps: 220, tabs: 1, mishaps: false, kills: false, deletes: false, stops: false, max_bytes: None };

#[test]
fn segment_log_of_one_tab() {
    histories("one tab", 300, CALM);
}

#[test]
fn segment_log_of_several_tabs() {
    histories("two tabs", 300, Plan { tabs: 2, ..CALM });
    histories("four tabs", 200, Plan { tabs: 4, ..CALM });
}

#[test]
fn segment_log_of_several_tabs_within_bounds() {
    let bounded = Plan { tabs: 2, max_bytes: Some(4_000), ..CALM };
    histories("two tabs, bounded", 300, bounded);
    histories("two tabs, bounded, and a full disk", 300, Plan { mishaps: true, kills: true, stops: true, ..bounded });
}

#[test]
fn segment_log_of_several_tabs_and_everything_that_goes_wrong() {
    histories("three tabs", 400, Plan { tabs: 3, mishaps: true, kills: true, ..CALM });
    histories("four tabs, closed and stopped", 400, Plan { tabs: 4, stops: true, ..CALM });
    let stops = Plan { tabs: 3, stops: true, mishaps: true, kills: true, ..CALM };
    histories("three tabs, closed and stopped", 300, stops);
    histories("long", 20, Plan { steps: 3_000, tabs: 3, mishaps: true, kills: true, ..CALM });
    histories("deleted databases", 200, Plan { tabs: 2, mishaps: true, kills: true, deletes: true, ..CALM });
}
