//! Publishes that are on their way to the log, and the acknowledgements that are due.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::server::config::SessionConfig;

/// Producers in channels with nothing on its way that are kept, to spare a steady publisher from
/// asking for memory at each message.
const IDLE_MAX: usize = 4;

/// What one producer has on its way to one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stream<N> {
    channel: N,
    /// `None` is the producer of the greeting.
    producer: Option<N>,
    /// Numbers and sizes, in the order they came.
    waiting: VecDeque<(u64, u32)>,
    /// The highest number that is stored and not acknowledged yet, with its offset.
    due: Option<(u64, u64)>,
}

/// An acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ack<N> {
    pub(super) channel: N,
    pub(super) producer: Option<N>,
    pub(super) sequence: u64,
    pub(super) offset: u64,
}

/// All publishes of a connection that are on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Publishes<N> {
    /// By channel and producer.
    streams: Vec<Stream<N>>,
    count: u32,
    bytes: u64,
    due: u32,
    /// Whether a producer in a channel was forgotten, so that its next message looks like its first.
    forgot: bool,
}

impl<N> Default for Publishes<N> {
    fn default() -> Self {
        Self { streams: Vec::new(), count: 0, bytes: 0, due: 0, forgot: false }
    }
}

impl<N: Clone + Ord> Publishes<N> {
    /// One is on its way; returns whether it is certainly the first of its producer in its channel.
    pub(super) fn begin(
        &mut self,
        channel: &N,
        producer: Option<&N>,
        sequence: u64,
        bytes: u32,
    ) -> bool {
        let found = self.find(channel, producer);
        let first = found.is_err() && !self.forgot;
        let at = match found {
            Ok(at) => at,
            Err(at) => {
                let (channel, producer) = (channel.clone(), producer.cloned());
                let waiting = VecDeque::new();
                self.streams.insert(at, Stream { channel, producer, waiting, due: None });
                at
            }
        };
        self.streams[at].waiting.push_back((sequence, bytes));
        self.count += 1;
        self.bytes += u64::from(bytes);
        first
    }

    /// One is stored: its acknowledgement is due. What was not on its way is not acknowledged.
    pub(super) fn stored(&mut self, channel: &N, producer: Option<&N>, sequence: u64, offset: u64) {
        let Some(at) = self.settle(channel, producer, sequence) else {
            return;
        };
        let stream = &mut self.streams[at];
        match stream.due {
            Some((higher, _)) if higher >= sequence => {}
            Some(_) => stream.due = Some((sequence, offset)),
            None => {
                stream.due = Some((sequence, offset));
                self.due += 1;
            }
        }
    }

    /// One is refused; returns whether it was on its way.
    pub(super) fn refused(&mut self, channel: &N, producer: Option<&N>, sequence: u64) -> bool {
        self.settle(channel, producer, sequence).is_some()
    }

    /// Hands every acknowledgement that is due to `each`, one for each producer in each channel.
    pub(super) fn flush(&mut self, mut each: impl FnMut(Ack<N>)) {
        if self.due == 0 {
            return;
        }
        self.due = 0;
        for stream in &mut self.streams {
            if let Some((sequence, offset)) = stream.due.take() {
                let (channel, producer) = (stream.channel.clone(), stream.producer.clone());
                each(Ack { channel, producer, sequence, offset });
            }
        }
        if self.streams.len() > IDLE_MAX {
            self.forget_idle();
        }
    }

    /// Whether reading should pause; once paused until half of it is stored.
    pub(super) fn are_too_many(&self, config: &SessionConfig<N>, paused: bool) -> bool {
        let share = if paused { 2 } else { 1 };
        let (count_max, bytes_max) = (config.publishes_max, config.publish_bytes_max);
        self.count > 0
            && (self.count >= count_max / share || self.bytes >= bytes_max / u64::from(share))
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let waiting = |stream: &Stream<N>| stream.waiting.capacity() * size_of::<(u64, u32)>();
        let streams = self.streams.capacity() * size_of::<Stream<N>>();
        streams + self.streams.iter().map(waiting).sum::<usize>()
    }

    /// Forgets everything: the connection is over.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn release(&mut self) {
        self.forget_idle();
        self.streams.shrink_to_fit();
    }

    fn forget_idle(&mut self) {
        let before = self.streams.len();
        self.streams.retain(|stream| !stream.waiting.is_empty() || stream.due.is_some());
        self.forgot |= self.streams.len() < before;
    }

    fn settle(&mut self, channel: &N, producer: Option<&N>, sequence: u64) -> Option<usize> {
        let at = self.find(channel, producer).ok()?;
        let waiting = &mut self.streams[at].waiting;
        let place = waiting.iter().position(|(waits, _)| *waits == sequence)?;
        let (_, bytes) = waiting.remove(place)?;
        self.count -= 1;
        self.bytes -= u64::from(bytes);
        Some(at)
    }

    fn find(&self, channel: &N, producer: Option<&N>) -> Result<usize, usize> {
        self.streams.binary_search_by(|stream| {
            (&stream.channel, stream.producer.as_ref()).cmp(&(channel, producer))
        })
    }
}
