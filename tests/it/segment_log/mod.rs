//! The log on a simulated database.

mod driver;
mod histories;
mod kit;
mod model;
