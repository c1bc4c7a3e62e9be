//! From standard input to the connection.

use std::collections::VecDeque;

use everlink::{Ack, Answer, Client, Delivery, Payload, PublishError, SendError, Ticket};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

use super::emits::{self, Emits, Emitted};
use crate::streams::{print, tell};

/// Longest line that is read, in bytes: what is longer is an error, not an endless buffer.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To the other side, as they are.
    Connection,
    /// Into the log of a channel: as texts, or as the JSON that they are.
    Log { channel: String, is_json: bool },
    /// To a Socket.IO server.
    Events(Emits),
    /// Several channels are read, and none is named for them.
    Nowhere,
}

/// Sends each line of standard input; returns when the fate of all is known, and whether all have
/// arrived as far as can be known.
///
/// A line that cannot be sent is told and left out; the others go on.
pub(super) async fn send_lines(client: Client, target: Target) -> anyhow::Result<bool> {
    let mut input = BufReader::new(stdin());
    let mut lines = Lines { client, target, sent: VecDeque::new(), all: true };
    let mut line = Vec::new();
    loop {
        // A line that is half read stays in `line` when a fate is known first.
        let read = tokio::select! {
            read = read_line(&mut input, &mut line) => read?,
            () = lines.settle_first(), if !lines.sent.is_empty() => continue,
        };
        if !read {
            break;
        }
        let text = match String::from_utf8(std::mem::take(&mut line)) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                lines.left_out(&format!("it is not UTF-8 (byte {at})"));
                continue;
            }
        };
        match lines.send(text).await {
            Ok(()) => {}
            Err(error) if error.is_closed() => return Ok(false),
            Err(error) => lines.left_out(&error.to_string()),
        }
        lines.settle(SENT_MAX).await;
    }
    lines.settle(0).await;
    Ok(lines.all)
}

/// Lines on their way.
struct Lines {
    client: Client,
    target: Target,
    /// Those whose fate is not known, oldest first.
    sent: VecDeque<Sent>,
    all: bool,
}

enum Sent {
    Message(Ticket),
    Publish(Ack),
    Asked(Answer),
}

impl Lines {
    async fn send(&mut self, text: String) -> Result<(), SendError> {
        let sent = match &self.target {
            // Messages go out in order: the fate of the last is that of all before it.
            Target::Connection => {
                self.sent.clear();
                Sent::Message(self.client.send(text).await?)
            }
            Target::Log { channel, is_json } => {
                let payload = if *is_json { Payload::raw_json(text) } else { text.into() };
                Sent::Publish(self.client.publish(channel, payload).await?)
            }
            Target::Events(emits) => match emits.emit(&self.client, &text).await? {
                Emitted::Told(ticket) => {
                    // Without an answer the fate of the last told is that of all told before it.
                    self.sent.retain(|sent| !matches!(sent, Sent::Message(_)));
                    Sent::Message(ticket)
                }
                Emitted::Asked(answer) => Sent::Asked(answer),
            },
            Target::Nowhere => {
                self.left_out("say by --publish-to which of the channels it is for");
                return Ok(());
            }
        };
        self.sent.push_back(sent);
        Ok(())
    }

    /// Waits until no more than so many are without a fate.
    async fn settle(&mut self, most: usize) {
        while self.sent.len() > most {
            self.settle_first().await;
        }
    }

    /// Waits until the fate of the oldest is known. Nothing is lost by not waiting to the end.
    async fn settle_first(&mut self) {
        let why = match self.sent.front_mut() {
            None => None,
            Some(Sent::Message(ticket)) => match ticket.await {
                Delivery::Written | Delivery::Acknowledged { .. } => None,
                Delivery::Dropped { why } => Some(format!("it was dropped: {why:?}")),
            },
            Some(Sent::Asked(answer)) => match answer.await {
                Ok(args) => print(emits::answer(&args)).err().map(|error| error.to_string()),
                Err(PublishError::Closed) => return self.closed(),
                Err(error) => Some(error.to_string()),
            },
            Some(Sent::Publish(ack)) => match ack.await {
                Ok(_) => None,
                Err(PublishError::Closed) => return self.closed(),
                Err(error) => Some(error.to_string()),
            },
        };
        self.sent.pop_front();
        if let Some(why) = why {
            self.left_out(&why);
        }
    }

    /// The client is closed: nothing that was on its way has a fate any more.
    fn closed(&mut self) {
        self.all = false;
        self.sent.clear();
        tell(format_args!("everlink: {}", PublishError::Closed));
    }

    fn left_out(&mut self, why: &str) {
        self.all = false;
        tell(format_args!("everlink: a line was not sent: {why}"));
    }
}

/// Most lines whose fate is not known: then the oldest is waited for.
const SENT_MAX: usize = 1024;

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
