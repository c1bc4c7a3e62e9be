//! nginx in front of a server, cutting what is idle.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::environment::Environment;
use crate::process::Process;

/// A running nginx that forwards WebSockets and cuts a connection without traffic; killed when dropped.
#[derive(Debug)]
pub struct Nginx {
    environment: Environment,
    folder: PathBuf,
    port: u16,
    process: Process,
}

impl Nginx {
    /// Time without traffic after which it cuts a connection.
    pub const IDLE_MAX: Duration = Duration::from_secs(5);

    /// Starts nginx in front of `server` and waits until it listens.
    ///
    /// # Errors
    ///
    /// When the environment cannot be set up, or nginx ends or does not listen.
    pub fn in_front_of(server: SocketAddr) -> Result<Self> {
        let environment = Environment::set_up()?;
        let mut last_error = None;
        for _ in 0..PORT_TRIES_MAX {
            match Self::on_port(&environment, server, free_port()?) {
                Ok(nginx) => return Ok(nginx),
                // nginx cannot choose a port itself; somebody may take ours before it does.
                Err(error) => last_error = Some(error),
            }
        }
        Err(last_error.context("nginx was never tried")?)
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Returns the URL to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/", self.address())
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When the process cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Stops it in mid-air: connections stay open, and nothing is forwarded.
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

    /// Kills it when it still runs, and starts it again on the same port.
    ///
    /// # Errors
    ///
    /// As [`Self::in_front_of`].
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = launch(&self.environment, &self.folder)?;
        Ok(())
    }

    fn on_port(environment: &Environment, server: SocketAddr, port: u16) -> Result<Self> {
        let folder = environment.logs()?.join(format!("nginx-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(folder.join("nginx.conf"), configuration(&folder, server, port))?;
        let process = launch(environment, &folder)?;
        Ok(Self { environment: environment.clone(), folder, port, process })
    }
}

const PORT_TRIES_MAX: u32 = 5;
const LISTEN_MAX: Duration = Duration::from_secs(10);

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn launch(environment: &Environment, folder: &Path) -> Result<Process> {
    let pid = folder.join("nginx.pid");
    if pid.exists() {
        fs::remove_file(&pid).with_context(|| format!("cannot remove {}", pid.display()))?;
    }
    let mut command = environment.nginx();
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.arg("-e").arg(folder.join("error.log"));
    let mut process = Process::spawn("nginx", &mut command, &folder.join("error.log"))?;
    // It writes its number once it listens; a stranger on the port would answer a connection too.
    let listens = || fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n'));
    let deadline = Instant::now() + LISTEN_MAX;
    while !listens() {
        if let Some(reason) = process.ended()? {
            anyhow::bail!(reason);
        }
        anyhow::ensure!(Instant::now() < deadline, "nginx does not listen after {LISTEN_MAX:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}

/// One process without a master, so that killing it leaves nothing behind.
fn configuration(folder: &Path, server: SocketAddr, port: u16) -> String {
    let folder = folder.display();
    let idle = Nginx::IDLE_MAX.as_secs();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{server};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection \"upgrade\";
            proxy_set_header Host $host;
            proxy_read_timeout {idle}s;
            proxy_send_timeout {idle}s;
        }}
    }}
}}
"
    )
}
