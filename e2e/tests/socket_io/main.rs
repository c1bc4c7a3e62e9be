//! The official clients of Socket.IO, as they come, with `everlink serve`: rooms, both carriers, and whatever breaks
//! a connection.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod carriers;
mod ends;
mod four_kinds;
mod re_reading;
mod recovery;
mod rooms;
mod scripts;
mod support;
