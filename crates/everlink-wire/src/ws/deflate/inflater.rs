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
        Self { takes_over, stream: None }
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
            let status = step(stream, input, output, max)?;
            let taken = (stream.total_in() - in_before) as usize;
            input = &input[taken..];
            if status == Status::StreamEnd {
                restart(stream, output)?;
                continue;
            }
            let is_full = output.len() == output.capacity();
            let is_stuck = taken == 0 && output.len() == out_before;
            // What does not fill the output has nothing left to give.
            if input.is_empty() && (!is_full || is_stuck) {
                return Ok(());
            }
            if is_stuck {
                return Err(WsError::InflateFailed);
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

    #[cfg(test)]
    pub(crate) fn holds_memory(&self) -> bool {
        self.stream.is_some()
    }
}

/// Makes room in proportion to what came, not to what might come out.
fn make_room(output: &mut Vec<u8>, input_len: usize, max: usize) {
    if output.len() == output.capacity() {
        let guess = (input_len * RATIO_GUESS).clamp(ROOM_MIN, ROOM_MAX);
        let additional = guess.max(output.len()).min(max.saturating_sub(output.len()));
        reserve_bounded(output, additional, max);
    }
}

/// Inflates what fits; finds out whether there is more than may fit, with nowhere to put it.
fn step(
    stream: &mut Decompress,
    input: &[u8],
    output: &mut Vec<u8>,
    max: usize,
) -> Result<Status, WsError> {
    let before = stream.total_out();
    let is_full = output.len() >= max;
    let status = if is_full {
        stream.decompress(input, &mut [0; 1], FlushDecompress::None)
    } else {
        stream.decompress_vec(input, output, FlushDecompress::None)
    };
    if (is_full && stream.total_out() > before) || output.len() > max {
        return Err(WsError::MessageTooLarge { max });
    }
    status.map_err(|_| WsError::InflateFailed)
}

/// Goes on after a final block, which a message may contain (RFC 7692, section 7.2.3.4).
///
/// What this message has given so far stays available to references.
fn restart(stream: &mut Decompress, output: &[u8]) -> Result<(), WsError> {
    stream.reset(false);
    let window = &output[output.len().saturating_sub(WINDOW)..];
    if !window.is_empty() {
        stream.set_dictionary(window).map_err(|_| WsError::InflateFailed)?;
    }
    Ok(())
}

const WINDOW: usize = 32 * 1024;
const RATIO_GUESS: usize = 4;
const ROOM_MIN: usize = 256;
const ROOM_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// One message, compressed, without the tail.
    fn compress(plain: &[u8]) -> Vec<u8> {
        let mut stream = flate2::Compress::new(flate2::Compression::best(), false);
        let mut output = Vec::with_capacity(plain.len() + 100);
        stream.compress_vec(plain, &mut output, flate2::FlushCompress::Sync).unwrap();
        assert_eq!(stream.total_in(), plain.len() as u64);
        output.truncate(output.len() - FLUSH_TAIL.len());
        output
    }

    #[test]
    fn fault_38_a_bomb_takes_no_memory_beyond_the_bound() {
        let bomb = compress(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        for max in [0, 1, 1000, 100_000, 9_999_999] {
            let mut output = Vec::new();
            let found = Inflater::new(true).inflate(&bomb, &mut output, max);
            assert_eq!(found, Err(WsError::MessageTooLarge { max }));
            assert!(output.capacity() <= max, "{} of {max}", output.capacity());
        }
    }

    #[test]
    fn a_message_of_exactly_the_bound_is_inflated() {
        for len in [0, 1, 255, 256, 257, 5000, 100_000] {
            let mut output = Vec::new();
            let mut inflater = Inflater::new(false);
            inflater.inflate(&compress(&vec![7; len]), &mut output, len).unwrap();
            inflater.finish(&mut output, len).unwrap();
            assert_eq!(output, vec![7; len]);
        }
    }

    #[test]
    fn only_a_window_that_is_taken_over_outlives_a_rest() {
        for takes_over in [true, false] {
            let mut inflater = Inflater::new(takes_over);
            inflater.inflate(&compress(b"abc"), &mut Vec::new(), 100).unwrap();
            inflater.finish(&mut Vec::new(), 100).unwrap();
            inflater.rest();
            assert_eq!(inflater.holds_memory(), takes_over);
        }
    }
}
