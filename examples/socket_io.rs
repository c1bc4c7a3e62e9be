//! A room on somebody else's Socket.IO server, in the terminal:
//!
//! ```text
//! cargo run -p everlink --example socket_io -- http://127.0.0.1:3000 lobby ana
//! ```
//!
//! The server's code is expected to have three handlers: `join` and `leave` with a room, and `say` with a
//! room and an object that it emits as `said` to everybody in it; `join` and `say` are acknowledged. Lines
//! that are typed are said until the server has acknowledged them, however often the connection is lost.

use std::error::Error;
use std::io::Write;

use everlink::{Client, Dialect, Emit, Event, SocketEvent};
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
        return Err("usage: socket_io URL ROOM NAME".into());
    };
    talk(url, room, name, BufReader::new(tokio::io::stdin()), &mut std::io::stdout()).await
}

/// Says each line of `input` in a room, and prints what is said there to `output`, until `input` ends.
///
/// # Errors
///
/// When there is no connection to be had, or something cannot be said or understood.
pub async fn talk(
    url: &str,
    room: &str,
    name: &str,
    input: impl AsyncBufRead + Unpin,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let client = Client::builder(url).dialect(Dialect::SOCKETIO).build()?;
    // Emitted now, and again whenever the server has forgotten us.
    let _joined =
        client.join(Emit::new("join").arg(room)?).leave(Emit::new("leave").arg(room)?).open()?;
    let mut news = client.events();
    client.connect().await?;
    let mut lines = input.lines();
    let mut last = None;
    loop {
        tokio::select! {
            event = client.recv_event() => match event {
                Some(event) => print(output, &event)?,
                None => return Ok(()),
            },
            Some(event) = news.next() => {
                if let Event::Resumed { recovered: false, .. } = event {
                    writeln!(output, "(what was said meanwhile is missing)")?;
                }
            }
            line = lines.next_line() => match line? {
                Some(text) => {
                    let said = Said { who: name.to_owned(), text };
                    // Kept, and sent again after a loss, until the server acknowledges it.
                    last = Some(client.emit_with_ack("say", (room, said)).await?);
                }
                None => break,
            },
        }
    }
    if let Some(answer) = last {
        answer.await?;
    }
    client.close().await;
    while let Some(event) = client.recv_event().await {
        print(output, &event)?;
    }
    Ok(())
}

fn print(output: &mut impl Write, event: &SocketEvent) -> Result<(), Box<dyn Error>> {
    if event.name == "said" {
        let Said { who, text } = event.args.get(0)?;
        writeln!(output, "{who}: {text}")?;
    }
    Ok(())
}
