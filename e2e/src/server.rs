//! Echo servers on the packages most people use.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::environment::Environment;
use crate::event::{Event, EventKind, Events};
use crate::network::Side;
use crate::process::Process;

/// Which package the server is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// Python's `websockets`.
    PythonWebsockets,
    /// Python's `aiohttp`.
    Aiohttp,
    /// npm's `ws`.
    NodeWs,
    /// npm's `socket.io`, which echoes nothing: `e2e/node/socket_io.js` says what it does.
    SocketIo,
}

impl ServerKind {
    /// All that echo.
    pub const ALL: [Self; 3] = [Self::PythonWebsockets, Self::Aiohttp, Self::NodeWs];

    /// Returns the name of the package.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PythonWebsockets => "websockets",
            Self::Aiohttp => "aiohttp",
            Self::NodeWs => "ws",
            Self::SocketIo => "socket.io",
        }
    }

    fn command(self, environment: &Environment) -> Command {
        match self {
            Self::PythonWebsockets => environment.python("websockets_echo.py"),
            Self::Aiohttp => environment.python("aiohttp_echo.py"),
            Self::NodeWs => environment.node("ws_echo.js"),
            Self::SocketIo => environment.node("socket_io.js"),
        }
    }
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Address to listen on. Default: 127.0.0.1.
    pub host: IpAddr,
    /// Port to listen on. Default: 0, a free one.
    pub port: u16,
    /// Interval at which every connection gets `{"type":"tick","n":…}`. Default: never.
    pub push_every: Option<Duration>,
    /// Network namespace to run in. Default: this process's.
    pub inside: Option<Side>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { host, port: 0, push_every: None, inside: None }
    }
}

/// A running echo server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    kind: ServerKind,
    environment: Environment,
    options: ServerOptions,
    process: Process,
    events: Events,
}

impl Server {
    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    ///
    /// When the environment cannot be set up, or the server ends or does not listen within 20 s.
    pub fn start(kind: ServerKind, options: ServerOptions) -> Result<Self> {
        let environment = Environment::set_up()?;
        let events = Events::default();
        let (process, port) = launch(kind, &environment, &options, &events)?;
        let options = ServerOptions { port, ..options };
        Ok(Self { kind, environment, options, process, events })
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.options.host, self.options.port)
    }

    /// Returns the URL to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/", self.address())
    }

    /// Returns which package it is built on.
    #[must_use]
    pub fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Ends it at once, as `kill -9` does; its port stays known for [`Self::restart`].
    ///
    /// # Errors
    ///
    /// When the process cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Stops it in mid-air: connections stay open, and nothing answers.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn freeze(&self) -> Result<()> {
        self.process.freeze()
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn thaw(&self) -> Result<()> {
        self.process.thaw()
    }

    /// Kills it when it still runs, and starts it again on the same port. Events go on in the same list.
    ///
    /// # Errors
    ///
    /// As [`Self::start`]; also when somebody else took the port meanwhile.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        let launched = launch(self.kind, &self.environment, &self.options, &self.events)?;
        self.process = launched.0;
        Ok(())
    }

    /// Returns all that it saw so far, over all restarts.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.all()
    }

    /// Waits until `find` finds what it looks for among all events so far, over all restarts.
    ///
    /// # Errors
    ///
    /// When that did not happen within `limit`; the error lists what was seen instead.
    pub fn wait<T>(&self, limit: Duration, find: impl Fn(&[Event]) -> Option<T>) -> Result<T> {
        self.events.wait(0, limit, find)
    }
}

const LISTEN_MAX: Duration = Duration::from_secs(20);

fn launch(
    kind: ServerKind,
    environment: &Environment,
    options: &ServerOptions,
    events: &Events,
) -> Result<(Process, u16)> {
    let mut command = kind.command(environment);
    command.arg("--host").arg(options.host.to_string());
    command.arg("--port").arg(options.port.to_string());
    if let Some(interval) = options.push_every {
        command.arg("--push-every").arg(interval.as_millis().to_string());
    }
    if let Some(side) = &options.inside {
        command = side.enter(&command);
    }
    let log = environment.logs()?.join(format!("{}-{}.log", kind.name(), std::process::id()));
    let seen = events.len();
    let mut process = Process::spawn(kind.name(), &mut command, &log)?;
    events.read(process.stdout()?);
    let port = listening(&mut process, events, seen)?;
    Ok((process, port))
}

fn listening(process: &mut Process, events: &Events, seen: usize) -> Result<u16> {
    let find = |events: &[Event]| {
        events.iter().find_map(|event| {
            if let EventKind::Listening { port } = event.kind { Some(port) } else { None }
        })
    };
    let deadline = Instant::now() + LISTEN_MAX;
    loop {
        // Looked at in short turns, so that a server that cannot start is reported at once.
        match events.wait(seen, Duration::from_millis(100), find) {
            Ok(port) => return Ok(port),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => process.ended()?.map_or(Ok(()), |reason| Err(anyhow!(reason)))?,
        }
    }
}
