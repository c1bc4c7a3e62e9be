//! The server half of `everlink.v1`, without I/O: a session for each connection reads the logs of its
//! channels from a cursor, and everything that must survive it stands in those logs.

mod code;
mod frame;
mod origin;

pub use code::Code;
pub use frame::{Hello, Last, Place, Publish, Reply, Request, Stored, Welcome};
pub use origin::{LastStored, OriginVerdict, judge_origin};
