//! `everlink chaos`: a proxy that breaks connections on purpose.

mod args;
mod report;

pub(crate) use args::ChaosArgs;

use crate::exit::Exit;
use crate::signals::interrupted;
use crate::streams::Stdout;
use anyhow::Context as _;
use everlink_testkit::chaos::{ChaosProxy, Schedule};
use report::Report;
use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Runs the proxy until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// When a value is not accepted, an address cannot be listened on or output cannot be written.
///
/// # Cancel safety
///
/// Dropping the future ends the proxy at once, without a summary.
pub(crate) async fn run(args: ChaosArgs) -> anyhow::Result<Exit> {
    run_until(args, interrupted(), Stdout).await?;
    Ok(Exit::Ok)
}

async fn run_until(
    args: ChaosArgs,
    end: impl Future<Output = io::Result<()>>,
    out: impl Write,
) -> anyhow::Result<()> {
    let proxy = start(&args).await?;
    let mut report = Report::new(args.json, out);
    report.started(&proxy, &args.to, args.seed).context("cannot write the addresses")?;
    let mut end = std::pin::pin!(end);
    let mut tick = interval(REPORT_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            ended = &mut end => {
                ended.context("cannot listen for signals")?;
                break;
            }
            _ = tick.tick() => report.ticked(&proxy).context("cannot write the counters")?,
        }
    }
    let last = proxy.counters();
    let counters = timeout(SHUTDOWN_TIME_MAX, proxy.shutdown()).await.unwrap_or(last);
    report.ended(&counters).context("cannot write the summary")
}

async fn start(args: &ChaosArgs) -> anyhow::Result<ChaosProxy> {
    let mut builder = ChaosProxy::builder()
        .listen(&args.listen)
        .upstream(&args.to)
        .seed(args.seed)
        .connections_max(args.connections_max)
        .control_public(args.control_public);
    if let Some(address) = &args.control {
        builder = builder.control(address);
    }
    if let Some(bytes) = args.receive_buffer {
        builder = builder.receive_buffer_bytes(bytes);
    }
    for fault in args.faults() {
        builder = builder.fault(fault);
    }
    if let Some(schedule) = schedule(args).await? {
        builder = builder.schedule(schedule);
    }
    Ok(builder.build().await?)
}

async fn schedule(args: &ChaosArgs) -> anyhow::Result<Option<Schedule>> {
    let schedule = match (&args.schedule, &args.schedule_file) {
        (Some(schedule), _) => schedule.clone(),
        (None, Some(path)) => Schedule::read(path).await?,
        (None, None) => return Ok(None),
    };
    // A file may ask for repetition by itself.
    let is_repeated = args.repeat || schedule.is_repeated();
    Ok(Some(schedule.repeat(is_repeated)?))
}

/// Time between two lines of counters.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for connections to close at the end.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::Value;
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    /// Standard output, for a test to look at.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Write::write(&mut *self.0.lock().unwrap(), bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        fn json(&self) -> Vec<Value> {
            self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    /// Sends "ping" through the proxy that these flags start, and returns what arrives and is shown.
    async fn through(flags: &str) -> (Vec<u8>, Screen) {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = upstream.local_addr().unwrap();
        let line = format!("chaos --to {to} --json {flags}");
        let args = ChaosArgs::try_parse_from(line.split(' ')).unwrap();
        let screen = Screen::default();
        let (end, ended) = oneshot::channel::<()>();
        let until = async {
            drop(ended.await);
            Ok(())
        };
        let talk = async {
            while screen.json().is_empty() {
                tokio::task::yield_now().await;
            }
            let listen = screen.json()[0]["listen"].as_str().unwrap().to_owned();
            let mut client = TcpStream::connect(listen).await.unwrap();
            client.write_all(b"ping").await.unwrap();
            client.shutdown().await.unwrap();
            let (mut server, _) = upstream.accept().await.unwrap();
            let mut seen = Vec::new();
            server.read_to_end(&mut seen).await.unwrap();
            drop(end);
            seen
        };
        let both = async { tokio::join!(run_until(args, until, screen.clone()), talk) };
        let (ran, seen) = timeout(Duration::from_secs(20), both).await.unwrap();
        ran.unwrap();
        (seen, screen)
    }

    #[tokio::test]
    async fn req_n07_the_command_forwards_and_reports_as_json_lines() {
        let (seen, screen) = through("--latency 1ms --seed 7 --control 127.0.0.1:0").await;
        assert_eq!(seen, b"ping");
        let lines = screen.json();
        assert_eq!((&lines[0]["event"], &lines[0]["seed"]), (&"started".into(), &7.into()));
        assert_eq!(lines[0]["faults"][0]["fault"]["delay"], "1ms");
        assert!(lines[0]["control"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        let last = lines.last().unwrap();
        assert_eq!((&last["event"], &last["counters"]["bytes_up"]), (&"ended".into(), &4.into()));
    }

    #[tokio::test]
    async fn req_n07_a_fault_of_the_command_line_acts() {
        assert_eq!(through("--close-at 2 --direction up").await.0, b"pi");
    }

    #[tokio::test]
    async fn req_n07_a_schedule_file_is_played_and_a_bad_one_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faults.json");
        std::fs::write(&path, r#"[{"at": "0s", "fault": "close-after=3"}]"#).unwrap();
        let flags = ["chaos", "--to", "127.0.0.1:9", "--schedule-file", path.to_str().unwrap()];
        let args = ChaosArgs::try_parse_from(flags).unwrap();
        assert_eq!(schedule(&args).await.unwrap().unwrap().items().len(), 1);
        std::fs::write(&path, r#"[{"at": "0s", "fault": "close"}]"#).unwrap();
        let error = schedule(&args).await.unwrap_err().to_string();
        assert!(error.starts_with("schedule item 1: kind is \"close\"; accepted: "), "{error}");
    }
}
