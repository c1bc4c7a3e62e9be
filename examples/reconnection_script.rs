//! Connects, shows the status, forces a reconnect, and watches the automatic behaviour.
//!
//! ```sh
//! cargo run -p everlink --example reconnection_script -- wss://chat.example.com/ws
//! ```

use std::error::Error;
use std::io::Write;

use everlink::Event;
use everlink::bot::ChatBot;

/// Watches until the connection has come back `times` times by itself.
///
/// # Errors
///
/// When it cannot connect for good, or what it says cannot be written.
pub async fn run(url: &str, times: u32, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let bot = ChatBot::builder(url).build()?;
    bot.connect().await?;
    status(&bot, out)?;
    bot.force_reconnect().await?;
    let mut events = bot.client().events();
    writeln!(out, "forced a reconnect")?;
    status(&bot, out)?;
    let mut seen = 0;
    while seen < times {
        match events.next().await {
            Some(Event::Disconnected { error, .. }) => writeln!(out, "lost: {error}")?,
            Some(Event::Reconnecting { attempt, delay, .. }) => {
                writeln!(out, "attempt {attempt} in {delay:?}")?;
            }
            Some(Event::Reconnected { attempts, downtime, .. }) => {
                writeln!(out, "reconnected after {attempts} attempts, {downtime:?}")?;
                seen += 1;
            }
            Some(Event::ReconnectFailed { attempts, .. }) => {
                writeln!(
                    out,
                    "gave up after {attempts} attempts; the second level looks every 10 s"
                )?;
            }
            None => break,
            _ => {}
        }
    }
    status(&bot, out)?;
    bot.close().await;
    Ok(())
}

fn status(bot: &ChatBot, out: &mut impl Write) -> std::io::Result<()> {
    let info = bot.connection_info();
    writeln!(out, "connected: {}, reconnecting: {}", info.connected, info.reconnecting)?;
    writeln!(out, "attempts: {}, last error: {:?}", info.connection_attempts, info.last_error)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("which URL?")?;
    run(&url, u32::MAX, &mut std::io::stdout()).await
}
