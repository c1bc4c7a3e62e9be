//! A bot on a chat server that speaks lines of the form `MSG {json}` (B).
//!
//! A [`ChatClient`] is a [`Client`](crate::Client) with the profile `chat_bot`: it parses messages, calls
//! handlers and comes back by itself. A [`ChatBot`] is one with the second level (B01): where the first has
//! given up, or nothing was heard for long, the engine's supervisor forces a new connection. See
//! `docs/guide/chat-bot.md`.
//!
//! ```
//! use everlink::bot::{ChatBot, ResponseFilter};
//! # use everlink_testkit::server::{Script, ScriptedServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = Script::new().accept().send_text(r#"MSG {"nick":"ana","data":"bot, hello"}"#);
//! # let server = ScriptedServer::builder().otherwise(script.expect_any_text().echo()).build().await?;
//! # let url = server.url();
//! let bot = ChatBot::builder(url)
//!     .response_filters([ResponseFilter::containing("bot")])
//!     .respond(|message| Some(format!("hello, {}", message.nick)))
//!     .build()?;
//! bot.connect().await?;
//! # let texts = server.connection(1).await?.texts(1).await?;
//! # assert_eq!(texts, [r#"MSG {"data":"hello, ana"}"#]);
//! bot.close().await;
//! # Ok(())
//! # }
//! ```

mod builder;
mod client;
mod config;
mod filter;
mod handlers;
mod listener;
mod manager;
mod message;
mod restraint;
mod stats;

pub use builder::ChatClientBuilder;
pub use client::{ChatClient, ChatInfo};
pub use config::{BotConfig, BotConfigError};
pub use filter::ResponseFilter;
pub use manager::{ChatBot, ChatBotBuilder};
pub use message::{ChatMessage, MalformedMessage};
pub use stats::BotStats;
