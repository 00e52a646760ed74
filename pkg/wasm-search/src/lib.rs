//! The bindings of the vector index: what crosses the boundary, and how. No policy: a rule belongs in the core.
//!
//! Nothing in here runs of itself. There are no promises, no timers, and no callbacks but the clock: what a task wants of
//! the store, or has come to, is told when TypeScript asks (`Engine::pump`), and TypeScript
//! answers. So a trap always comes out of a call that TypeScript made.
//!
//! | module | what it is |
//! |---|---|
//! | `engine` | the class `Engine` |
//! | `tasks` | calls on their way |
//! | `mailbox` | the store, as far as this side knows it: requests that wait for their answers |
//! | `answers` | what tasks come to, for JavaScript |
//! | `probe` | of builds for tests and benches alone: the kernels by themselves |

mod answers;
mod engine;
mod mailbox;
#[cfg(feature = "probe")]
mod probe;
mod tasks;

/// Constant-time and 2 kB, where the standard library's allocator for wasm weighs 8.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
