//! A limit on bytes a second.

use std::time::Duration;
use tokio::time::Instant;

/// Hands out bytes no faster than a rate that may change at any time.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    next: Option<Instant>,
}

impl Pacer {
    /// Returns how many bytes may go now, or when to ask again.
    pub(crate) fn allowance(
        &self,
        now: Instant,
        bytes_per_second: Option<u64>,
        most: usize,
    ) -> Result<usize, Instant> {
        let Some(rate) = bytes_per_second else {
            return Ok(most);
        };
        match self.next {
            Some(next) if next > now => Err(next),
            _ => Ok(usize::try_from(rate / PIECES_PER_SECOND).unwrap_or(most).clamp(1, most)),
        }
    }

    /// Notes that `bytes` went at `now`.
    pub(crate) fn spend(&mut self, now: Instant, bytes_per_second: Option<u64>, bytes: usize) {
        self.next = bytes_per_second.map(|rate| {
            // A late timer is made up for, an idle time is not: silence saves up no burst.
            let from = self.next.filter(|next| *next + CATCH_UP_MAX > now).unwrap_or(now);
            from + Duration::from_secs_f64(bytes as f64 / rate as f64)
        });
    }
}

/// How finely a second's worth of bytes is cut, where the rate allows.
const PIECES_PER_SECOND: u64 = 20;

/// How late a timer may be and still be made up for.
const CATCH_UP_MAX: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    /// How long `bytes` take at `rate`.
    async fn seconds(bytes: usize, rate: u64) -> f64 {
        let mut pacer = Pacer::default();
        let start = Instant::now();
        let mut sent = 0;
        while sent < bytes {
            match pacer.allowance(Instant::now(), Some(rate), 16_384) {
                Ok(most) => {
                    let piece = most.min(bytes - sent);
                    pacer.spend(Instant::now(), Some(rate), piece);
                    sent += piece;
                }
                Err(at) => tokio::time::sleep_until(at).await,
            }
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn req_n07_a_paced_stream_takes_bytes_divided_by_rate() {
        for (bytes, rate) in [(11, 1), (10_000, 1_000), (10_000_000, 1_000_000)] {
            // The last piece waits for nobody.
            let seconds = seconds(bytes, rate).await;
            assert!((9.8..=10.1).contains(&seconds), "{bytes} at {rate}: {seconds} s");
        }
    }

    #[test]
    fn without_a_rate_all_may_go() {
        assert_eq!(Pacer::default().allowance(Instant::now(), None, 5), Ok(5));
    }
}
