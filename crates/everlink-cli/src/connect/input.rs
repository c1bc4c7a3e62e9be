//! From standard input to the connection.

use everlink::Client;
use everlink::{Delivery, SendError};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

/// Longest line that is read, in bytes: what is longer is an error, not an endless buffer.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Sends each line of standard input as a text message; returns when all are out.
///
/// A line that is too big for the connection is told and left out; the others go on.
pub(super) async fn send_lines(client: Client) -> anyhow::Result<()> {
    let mut input = BufReader::new(stdin());
    let mut last = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = read_line(&mut input, &mut line).await?;
        if !read {
            break;
        }
        let text = match String::from_utf8(std::mem::take(&mut line)) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                eprintln!("everlink: a line is not UTF-8 (byte {at}) and was not sent");
                continue;
            }
        };
        match client.send(text).await {
            Ok(ticket) => last = Some(ticket),
            Err(error) if error.is_closed() => return Ok(()),
            Err(error) => refused(&error),
        }
    }
    // Messages go out in order: when the last one's fate is known, so is that of all before it.
    if let Some(ticket) = last {
        match ticket.await {
            Delivery::Written | Delivery::Acknowledged { .. } => {}
            Delivery::Dropped { why } => eprintln!("everlink: the last line was dropped: {why:?}"),
        }
    }
    Ok(())
}

fn refused(error: &SendError) {
    eprintln!("everlink: a line was not sent: {error}");
}

/// Reads a line without its end; returns whether there was one.
async fn read_line(
    input: &mut BufReader<tokio::io::Stdin>,
    line: &mut Vec<u8>,
) -> anyhow::Result<bool> {
    loop {
        let buffer = input.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&buffer[..end.unwrap_or(buffer.len())]);
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if line.len() > LINE_BYTES_MAX {
            anyhow::bail!("standard input: a line is longer than {LINE_BYTES_MAX} bytes");
        }
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(true);
        }
    }
}
