//! Serves a bot's metrics for Prometheus at `/metrics`, and its health at every other path.
//!
//! ```sh
//! cargo run -p everlink --example health_monitor -- wss://chat.example.com/ws 127.0.0.1:9100
//! ```

use std::error::Error;
use std::time::Duration;

use everlink::bot::ChatBot;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Runs a bot, and answers one request for each connection of `listener`.
///
/// # Errors
///
/// When it cannot connect for good, or metrics are recorded already.
pub async fn run(url: &str, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let bot = ChatBot::builder(url).build()?;
    bot.connect().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // One after another, each with a limit: a health monitor has few visitors.
        let answered = tokio::time::timeout(ANSWER_MAX, answer(stream, &bot, &metrics)).await;
        if let Ok(Err(error)) = answered {
            eprintln!("a visitor left: {error}");
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    bot: &ChatBot,
    metrics: &PrometheusHandle,
) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(4096)).read_line(&mut line).await?;
    let info = bot.connection_info();
    let (status, body) = if line.starts_with("GET /metrics ") {
        metrics.run_upkeep();
        ("200 OK", metrics.render())
    } else if info.connected {
        ("200 OK", format!("quality {:?}, latency {:?}\n", info.quality, info.latency))
    } else {
        ("503 Service Unavailable", format!("last error: {:?}\n", info.last_error))
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which URL?")?;
    let listener = TcpListener::bind(arguments.next().ok_or("which address to serve on?")?).await?;
    tokio::select! {
        ended = run(&url, listener) => ended,
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

const ANSWER_MAX: Duration = Duration::from_secs(5);
