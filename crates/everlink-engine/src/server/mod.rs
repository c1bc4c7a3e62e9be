//! The server half of `everlink.v1`, without I/O: a session for each connection reads the logs of its
//! channels from a cursor, and everything that must survive it stands in those logs.

mod code;
mod config;
mod contract;
mod drain;
mod frame;
mod origin;
mod rate;
mod refusals;
mod session;

pub use code::Code;
pub use config::SessionConfig;
pub use contract::{
    Bounds, Greeting, ReadOrder, SessionInfo, SessionInput, SessionOutput, SessionStage,
    SessionTimer,
};
pub use drain::{DrainPlan, ReturnWindow};
pub use frame::{Hello, Last, Place, Publish, Reply, Request, Stored, Welcome};
pub use origin::{LastStored, OriginVerdict, judge_origin};
pub use rate::{RateLimit, TokenBucket};
pub use refusals::{Refusals, RefusedNumbers};
pub use session::Session;
