//! The WebAssembly bindings: what crosses the boundary, and how. No policy: a rule belongs in the core.
//!
//! | module | what it is |
//! |---|---|
//! | `task` | runs the core's futures; every poll is started by TypeScript, which sees it trap |
//! | `outcome` | results and errors on their way out |
//! | `options` | options on their way in, by serde |
//! | `store` | the class `Store`: the trait's methods for JavaScript |
//! | `memory`, `indexed_db`, `wrapped` | one constructor each |

mod indexed_db;
mod memory;
mod options;
mod outcome;
mod store;
mod task;
#[cfg(feature = "trap")]
mod trap;
mod wrapped;
