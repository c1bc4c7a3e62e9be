//! Plays the script of one connection.

use super::answer::{Acceptance, SWITCHING, accepting, responding};
use super::frames::{FIRST_FRAGMENT, NEXT_FRAGMENT, binary_head, close};
use super::limits::CLOSE_TIME_MAX;
use super::record::{Ending, Log, ScriptFailure};
use super::request::UpgradeRequest;
use super::script::{Expected, OpenStep, Script, Stall, Step};
use super::talk::{Stop, Talk};
use everlink_wire::ws::Item;
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// One connection that plays scripts.
pub(crate) struct Performer<'a> {
    talk: Talk<'a>,
    request: Option<UpgradeRequest>,
    acceptance: Acceptance,
    drip: Option<Duration>,
    is_accepted: bool,
}

impl<'a> Performer<'a> {
    pub(crate) fn new(stream: &'a TcpStream, log: &'a Log) -> Self {
        Self {
            talk: Talk::new(stream, log),
            request: None,
            acceptance: Acceptance::default(),
            drip: None,
            is_accepted: false,
        }
    }

    /// Plays the script, then whatever `orders` bring, until something stops it.
    pub(crate) async fn run(
        &mut self,
        script: Script,
        orders: &mut mpsc::Receiver<Script>,
    ) -> Result<Infallible, Stop> {
        self.play(script).await?;
        self.accept().await?;
        self.talk.log.change(|record| record.finish_script(Ok(())));
        loop {
            let order = tokio::select! {
                biased;
                Some(order) = orders.recv() => order,
                message = self.talk.message() => match message {
                    Ok(_) => continue,
                    Err(stop) => return Err(stop),
                },
            };
            self.play(order).await?;
        }
    }

    async fn play(&mut self, script: Script) -> Result<(), Stop> {
        for step in script.steps {
            self.perform(step).await?;
        }
        Ok(())
    }

    async fn perform(&mut self, step: Step) -> Result<(), Stop> {
        match step {
            Step::Stall(Stall::For(length)) => sleep(length).await,
            Step::Stall(Stall::Forever) => std::future::pending().await,
            Step::Drip(interval) => self.drip = Some(interval),
            Step::Subprotocol(choice) => self.acceptance.subprotocol = choice,
            Step::WrongAccept => self.acceptance.is_wrong = true,
            Step::AnswerHeader(name, value) => self.acceptance.headers.push((name, value)),
            Step::Accept => self.accept().await?,
            Step::Respond { status, headers, body } => {
                self.request().await?;
                self.answer(&responding(status, &headers, &body)).await?;
                return Err(self.done(Stop::Ended(Ending::Script)));
            }
            Step::EndlessHeaders => self.endless_headers().await?,
            Step::SendRaw(bytes) => self.talk.put_raw(&bytes),
            Step::Habit(habit, on) => self.talk.set_habit(habit, on),
            Step::CloseWithoutFrame => return Err(self.done(Stop::Ended(Ending::Script))),
            Step::Reset => return Err(self.done(Stop::Reset(Ending::Script))),
            Step::Open(step) => {
                self.accept().await?;
                self.perform_open(step).await?;
            }
        }
        self.talk.flush().await
    }

    /// Steps of an open WebSocket.
    async fn perform_open(&mut self, step: OpenStep) -> Result<(), Stop> {
        match step {
            OpenStep::SendText(text) => self.talk.put_text(&text),
            OpenStep::SendBinary(bytes) => self.talk.put_binary(&bytes),
            OpenStep::SendPing(bytes) => self.talk.put_ping(&bytes)?,
            OpenStep::ExpectText(expected) => self.expect(expected).await?,
            OpenStep::Wait(length) => self.stay(length).await?,
            OpenStep::Close { code, reason } => return self.close(code, &reason).await,
            OpenStep::HugeFrame(bytes) => self.huge_frame(bytes).await?,
            OpenStep::FragmentsFlood(fragments) => self.fragments_flood(fragments).await?,
        }
        Ok(())
    }

    async fn request(&mut self) -> Result<UpgradeRequest, Stop> {
        if let Some(request) = &self.request {
            return Ok(request.clone());
        }
        let request = self.talk.request().await?;
        self.request = Some(request.clone());
        Ok(request)
    }

    async fn accept(&mut self) -> Result<(), Stop> {
        if self.is_accepted {
            return Ok(());
        }
        let request = self.request().await?;
        self.answer(&accepting(&request, &self.acceptance)).await?;
        self.is_accepted = true;
        self.talk.log.change(|record| record.is_accepted = true);
        Ok(())
    }

    async fn answer(&mut self, answer: &str) -> Result<(), Stop> {
        let Some(pause) = self.drip else {
            self.talk.put_raw(answer.as_bytes());
            return self.talk.flush().await;
        };
        for byte in answer.as_bytes() {
            self.talk.put_raw(&[*byte]);
            self.talk.flush().await?;
            sleep(pause).await;
        }
        Ok(())
    }

    async fn endless_headers(&mut self) -> Result<(), Stop> {
        self.request().await?;
        self.talk.put_raw(SWITCHING.as_bytes());
        for number in 0_u64.. {
            let header = format!("X-Endless-{number}: {}\r\n", "x".repeat(64));
            self.answer(&header).await?;
        }
        Ok(())
    }

    async fn expect(&mut self, expected: Expected) -> Result<(), Stop> {
        let item = self.talk.message().await?;
        let is_met = match (&expected, &item) {
            (Expected::Exactly(wanted), Item::Text(text)) => text.as_str() == wanted,
            (Expected::Containing(part), Item::Text(text)) => text.as_str().contains(part),
            (Expected::Anything, Item::Text(_)) => true,
            (_, Item::Binary(_) | Item::Ping(_) | Item::Pong(_) | Item::Close(_)) => false,
        };
        if is_met {
            return Ok(());
        }
        let (expected, seen) = (format!("{expected:?}"), format!("{item:?}"));
        Err(Stop::Failed(ScriptFailure::Unexpected { expected, seen }))
    }

    /// Follows the habits for a time.
    async fn stay(&mut self, length: Duration) -> Result<(), Stop> {
        let stay = async {
            loop {
                if let Err(stop) = self.talk.message().await {
                    break stop;
                }
            }
        };
        match timeout(length, stay).await {
            Ok(stop) => Err(stop),
            Err(_) => Ok(()),
        }
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Stop> {
        self.talk.put_close(&close(code, reason));
        let stop = self.stay(CLOSE_TIME_MAX).await.err();
        Err(self.done(stop.unwrap_or(Stop::Ended(Ending::Script))))
    }

    /// Notes that the script has come to its end, and with it the connection.
    fn done(&self, stop: Stop) -> Stop {
        self.talk.log.change(|record| record.finish_script(Ok(())));
        stop
    }

    async fn huge_frame(&mut self, bytes: u64) -> Result<(), Stop> {
        self.talk.put_raw(&binary_head(bytes));
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(ZEROS.len() as u64);
            self.talk.put_raw(&ZEROS[..piece as usize]);
            self.talk.flush().await?;
            left -= piece;
        }
        Ok(())
    }

    async fn fragments_flood(&mut self, fragments: u64) -> Result<(), Stop> {
        for number in 0..fragments {
            let fragment = if number == 0 { FIRST_FRAGMENT } else { NEXT_FRAGMENT };
            self.talk.put_raw(&fragment);
            if number % FRAGMENTS_A_WRITE == 0 {
                self.talk.flush().await?;
            }
        }
        Ok(())
    }
}

static ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
const FRAGMENTS_A_WRITE: u64 = 1024;
