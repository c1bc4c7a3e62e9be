//! A bot that greets whoever says hello to it, configured by the environment.
//!
//! ```sh
//! EVERLINK_URL=wss://chat.example.com/ws cargo run -p everlink --example chat_bot
//! ```

use std::error::Error;

use everlink::bot::{BotConfig, ChatBot, ResponseFilter};
use everlink::config::Loader;

/// Connects a bot to `url`; the other settings come from the environment.
///
/// # Errors
///
/// When a setting cannot be used, or it cannot connect for good.
pub async fn start(url: &str) -> Result<ChatBot, Box<dyn Error>> {
    let loader = Loader::new().environment(std::env::vars_os()).argument("url", url);
    let bot = ChatBot::from_config(&BotConfig::load(loader)?)?
        .response_filters([ResponseFilter::containing("hello")])
        .respond(|message| Some(format!("hello, {}", message.nick)))
        .chat(|chat| {
            chat.nick("bot")
                .on_disconnect(|error| eprintln!("lost: {error}"))
                .on_reconnecting(|attempt, delay| eprintln!("attempt {attempt} in {delay:?}"))
                .on_reconnected(|_, downtime| eprintln!("back after {downtime:?}"))
                .on_reconnect_failed(|attempts, error| {
                    eprintln!("gave up after {attempts}: {error}")
                })
        })
        .build()?;
    bot.connect().await?;
    Ok(bot)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bot = start(&std::env::var("EVERLINK_URL")?).await?;
    tokio::signal::ctrl_c().await?;
    eprintln!("{:#?}", bot.stats());
    bot.close().await;
    Ok(())
}
