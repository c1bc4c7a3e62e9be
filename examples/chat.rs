//! A chat in the terminal, over a server of Everlink:
//!
//! ```text
//! cargo run -p everlink --example chat -- ws://127.0.0.1:8080/ws lobby ana
//! ```
//!
//! Lines that are typed are published; what others say is printed, from the beginning of the room,
//! each once and in order, however often the connection is lost.

use std::error::Error;
use std::io::Write;

use everlink::{ChannelEvent, Client, Dialect, Start};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

#[derive(Serialize, Deserialize)]
struct Said {
    who: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, room, name] = &arguments[..] else {
        return Err("usage: chat URL ROOM NAME".into());
    };
    chat(url, room, name, BufReader::new(tokio::io::stdin()), &mut std::io::stdout()).await
}

/// Publishes each line of `input`, and prints the room to `output`, until `input` ends.
///
/// # Errors
///
/// When there is no connection to be had, the room is refused, or a message is none of a chat.
pub async fn chat(
    url: &str,
    room: &str,
    name: &str,
    input: impl AsyncBufRead + Unpin,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let client = Client::builder(url).dialect(Dialect::EVERLINK).build()?;
    let mut channel = client.channel(room).from(Start::Beginning).open()?;
    client.connect().await?;
    let mut lines = input.lines();
    let mut last = None;
    loop {
        tokio::select! {
            event = channel.next() => match event {
                Some(event) => print(output, event)?,
                None => return Ok(()),
            },
            line = lines.next_line() => match line? {
                Some(text) => {
                    let said = Said { who: name.to_owned(), text };
                    let payload = everlink::Payload::json(&said)?;
                    // Numbered and in the outbox now: it will be stored once.
                    last = Some(channel.publish(payload).await?);
                }
                None => break,
            },
        }
    }
    if let Some(ack) = last {
        ack.await?;
    }
    client.close().await;
    while let Some(event) = channel.next().await {
        print(output, event)?;
    }
    Ok(())
}

fn print(output: &mut impl Write, event: ChannelEvent) -> Result<(), Box<dyn Error>> {
    match event {
        ChannelEvent::Message(message) => {
            let Said { who, text } = message.payload.decode()?;
            writeln!(output, "{who}: {text}")?;
        }
        ChannelEvent::Gap { from, to, cause, .. } => {
            writeln!(output, "({from} to {to} are lost: {cause:?})")?;
        }
        ChannelEvent::Refused { why, .. } => return Err((*why).into()),
        // Who types, who is there, and whatever later versions bring.
        ChannelEvent::Volatile { .. } | ChannelEvent::Retained { .. } | _ => {}
    }
    Ok(())
}
