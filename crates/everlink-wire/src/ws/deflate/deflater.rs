//! Compressing messages.

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{DeflateConfig, DeflateParams, FLUSH_TAIL, WINDOW_BITS_MIN};
use crate::ws::Role;

/// Compresses the messages of one direction of one connection.
#[derive(Debug)]
pub(crate) struct Deflater {
    level: u32,
    threshold: usize,
    window_bits: u8,
    /// Whether a message may refer to the ones before it.
    takes_over: bool,
    /// Made when the first message is long enough.
    stream: Option<Compress>,
    output: Vec<u8>,
}

impl Deflater {
    /// Creates a compressor, or none where the peer demands a window smaller than zlib can make.
    ///
    /// Messages then go uncompressed, which is always allowed (RFC 7692, section 6).
    pub(crate) fn new(config: &DeflateConfig, params: &DeflateParams, role: Role) -> Option<Self> {
        let window_bits = params.deflate_window_bits(role);
        (window_bits >= WINDOW_BITS_MIN).then(|| Self {
            level: config.level(),
            threshold: config.threshold(),
            window_bits,
            takes_over: params.deflate_takes_over(role),
            stream: None,
            output: Vec::new(),
        })
    }

    /// Compresses one message, or returns `None` when it should go as it is.
    pub(crate) fn deflate(&mut self, payload: &[u8]) -> Option<&[u8]> {
        if payload.is_empty() || payload.len() < self.threshold {
            return None;
        }
        self.output.clear();
        self.output.shrink_to(OUTPUT_KEPT);
        if !self.run(payload) {
            // Cannot happen with this backend. Whatever it has seen must not be referred to.
            self.stream = None;
            return None;
        }
        if self.output.ends_with(&FLUSH_TAIL) {
            self.output.truncate(self.output.len() - FLUSH_TAIL.len());
        }
        if !self.takes_over {
            if let Some(stream) = &mut self.stream {
                stream.reset();
            }
            // What takes over must be sent, or the peer's window would miss it.
            if self.output.len() >= payload.len() {
                return None;
            }
        }
        Some(&self.output)
    }

    /// Drops the memory between messages, if the next one does not need it.
    pub(crate) fn rest(&mut self) {
        if !self.takes_over {
            self.stream = None;
        }
        self.output = Vec::new();
    }

    /// Feeds the whole message and flushes; `false` when the compressor fails.
    fn run(&mut self, mut input: &[u8]) -> bool {
        let (level, bits) = (Compression::new(self.level), self.window_bits);
        let stream =
            self.stream.get_or_insert_with(|| Compress::new_with_window_bits(level, false, bits));
        loop {
            let room = (input.len() / 2).max(ROOM_MIN);
            self.output.reserve(room);
            let before = stream.total_in();
            let Ok(status) = stream.compress_vec(input, &mut self.output, FlushCompress::Sync)
            else {
                return false;
            };
            input = &input[(stream.total_in() - before) as usize..];
            // Room left over means that everything came out.
            if self.output.len() < self.output.capacity() {
                return input.is_empty() && status != Status::StreamEnd;
            }
        }
    }
}

const ROOM_MIN: usize = 64;

/// Longest output buffer kept from one message to the next.
const OUTPUT_KEPT: usize = 16 * 1024;
