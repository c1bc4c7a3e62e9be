//! Who may come in: signed tokens, and where a server without them may listen.

mod bind;
mod crypto;
mod key;
mod token;

pub use bind::BindError;
pub use key::{JWT_SECRET_BYTES_MIN, JwtKey, JwtKeyError};
pub use token::Jwt;
pub(crate) use token::claimed_user;
