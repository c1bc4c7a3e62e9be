//! Inflating messages, within a bound.

use flate2::{Decompress, FlushDecompress, Status};

use super::FLUSH_TAIL;
use crate::ws::WsError;
use crate::ws::assembly::reserve_bounded;

/// Inflates the messages of one direction of one connection.
///
/// The window is always the largest: zlib peers that promise one of 256 bytes use one of 512, and
/// the implementation allocates 32 KiB in any case.
#[derive(Debug)]
pub(crate) struct Inflater {
    /// Whether a message may refer to the ones before it.
    takes_over: bool,
    /// Made when the first compressed message comes.
    stream: Option<Decompress>,
}

impl Inflater {
    pub(crate) fn new(takes_over: bool) -> Self {
        Self {
            takes_over,
            stream: None,
        }
    }

    /// Inflates `input` onto the end of `output`, which never exceeds `max` bytes.
    pub(crate) fn inflate(
        &mut self,
        mut input: &[u8],
        output: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), WsError> {
        let stream = self.stream.get_or_insert_with(|| Decompress::new(false));
        loop {
            make_room(output, input.len(), max);
            let (in_before, out_before) = (stream.total_in(), output.len());
            let status = if output.len() < max {
                stream.decompress_vec(input, output, FlushDecompress::None)
            } else {
                probe(stream, input, max)?
            };
            let status = status.map_err(|_| WsError::InflateFailed)?;
            let taken = (stream.total_in() - in_before) as usize;
            input = &input[taken..];
            if status == Status::StreamEnd {
                restart(stream, output)?;
            }
            let is_full = output.len() == output.capacity() || output.len() >= max;
            if input.is_empty() && !is_full {
                return Ok(());
            }
            if taken == 0 && output.len() == out_before && status != Status::StreamEnd {
                return if input.is_empty() {
                    Ok(())
                } else {
                    Err(WsError::InflateFailed)
                };
            }
        }
    }

    /// Ends a message: takes the tail that is not sent (RFC 7692, section 7.2.2).
    pub(crate) fn finish(&mut self, output: &mut Vec<u8>, max: usize) -> Result<(), WsError> {
        self.inflate(&FLUSH_TAIL, output, max)?;
        if !self.takes_over
            && let Some(stream) = &mut self.stream
        {
            stream.reset(false);
        }
        Ok(())
    }

    /// Drops the memory between messages, if the next one does not need it.
    pub(crate) fn rest(&mut self) {
        if !self.takes_over {
            self.stream = None;
        }
    }
}

/// Makes room in proportion to what came, not to what might come out.
fn make_room(output: &mut Vec<u8>, input_len: usize, max: usize) {
    if output.len() == output.capacity() {
        let guess = (input_len * RATIO_GUESS).clamp(ROOM_MIN, ROOM_MAX);
        let additional = guess
            .max(output.len())
            .min(max.saturating_sub(output.len()));
        reserve_bounded(output, additional, max);
    }
}

/// The output is full: finds out whether there would be more, with nowhere to put it.
fn probe(
    stream: &mut Decompress,
    input: &[u8],
    max: usize,
) -> Result<Result<Status, flate2::DecompressError>, WsError> {
    let before = stream.total_out();
    let status = stream.decompress(input, &mut [0; 1], FlushDecompress::None);
    if stream.total_out() > before {
        return Err(WsError::MessageTooLarge { max });
    }
    Ok(status)
}

/// Goes on after a final block, which a message may contain (RFC 7692, section 7.2.3.4).
///
/// What this message has given so far stays available to references.
fn restart(stream: &mut Decompress, output: &[u8]) -> Result<(), WsError> {
    stream.reset(false);
    let window = &output[output.len().saturating_sub(WINDOW)..];
    if !window.is_empty() {
        stream
            .set_dictionary(window)
            .map_err(|_| WsError::InflateFailed)?;
    }
    Ok(())
}

const WINDOW: usize = 32 * 1024;
const RATIO_GUESS: usize = 4;
const ROOM_MIN: usize = 256;
const ROOM_MAX: usize = 64 * 1024;
