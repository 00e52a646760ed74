//! The WebAssembly bindings: what crosses the boundary, and how. No policy: a rule belongs in the core.
//!
//! | module | what it is |
//! |---|---|
//! | `task` | runs the core's futures; every poll is started by TypeScript, which sees it trap |
//! | `outcome` | results and errors on their way out |
//! | `options` | options on their way in, events on their way out |
//! | `store` | the class `Store`: the trait's methods for JavaScript |
//! | `memory`, `indexed_db`, `upstash`, `tiered`, `wrapped` | one constructor each |
//! | `embeddings` | the class `EmbeddingsCache` |

#[cfg(feature = "embeddings")]
mod embeddings;
mod indexed_db;
mod memory;
mod options;
mod outcome;
mod store;
mod task;
mod tiered;
#[cfg(feature = "trap")]
mod trap;
mod upstash;
mod wrapped;

/// Constant-time and 2 kB, where the standard library's allocator for wasm weighs 8.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
