//! A server's and a client's network, joined by a cable that can be cut.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::environment::sources;

/// Two network namespaces; removed when dropped, and also when this process is killed.
#[derive(Debug)]
pub struct Network {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    server: Side,
    client: Side,
}

/// One end of the cable.
#[derive(Clone, Debug)]
pub struct Side {
    namespace: String,
    address: IpAddr,
}

impl Network {
    /// Makes the two networks, or returns `None` with a visible line where that is not possible.
    ///
    /// With `E2E_NETWORK=required` in the environment, as `cargo xtask test` sets where it found
    /// that it is possible, it is an error instead: a test must not pass by skipping.
    ///
    /// # Errors
    ///
    /// When they cannot be made although they should.
    pub fn new() -> Result<Option<Self>> {
        let required = std::env::var("E2E_NETWORK").is_ok_and(|value| value == "required");
        if !required {
            let output = script("check").output().context("e2e/netns/faults.sh")?;
            if !output.status.success() {
                let reason = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                eprintln!("SKIPPED network faults: {reason}");
                return Ok(None);
            }
        }
        Self::hold().map(Some)
    }

    /// Returns the end where the server runs.
    #[must_use]
    pub fn server(&self) -> &Side {
        &self.server
    }

    /// Returns the end where the client runs; faults happen here.
    #[must_use]
    pub fn client(&self) -> &Side {
        &self.client
    }

    /// Lets a fault happen, such as `black-hole`, `loss 20` or `off`; `e2e/netns/faults.sh` lists them.
    ///
    /// # Errors
    ///
    /// When there is no such fault, or the kernel refuses it.
    pub fn fault(&mut self, fault: &str) -> Result<()> {
        let input = self.input.as_mut().context("the network is closed")?;
        writeln!(input, "{fault}").context("e2e/netns/faults.sh is gone")?;
        let answer = self.line()?;
        anyhow::ensure!(answer == "ok", "fault `{fault}`: {answer}");
        Ok(())
    }

    fn hold() -> Result<Self> {
        let mut hold = script("hold");
        let mut child = hold.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("no output to read from")?);
        let nowhere = Side { namespace: String::new(), address: IpAddr::from([0, 0, 0, 0]) };
        let mut network = Self { child, input, output, server: nowhere.clone(), client: nowhere };
        let ready = network.line()?;
        let words: Vec<&str> = ready.split(' ').collect();
        let ["ready", server, client, server_address, client_address] = words[..] else {
            anyhow::bail!("e2e/netns/faults.sh is not ready: {ready:?}");
        };
        network.server = Side::new(server, server_address)?;
        network.client = Side::new(client, client_address)?;
        Ok(network)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("e2e/netns/faults.sh")?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The end of its input tells the script to remove all it made; waiting keeps the next test clean.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

impl Side {
    /// Returns the address of this end.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns the command that does the same inside this network.
    #[must_use]
    pub fn enter(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.namespace]).arg(command.get_program());
        inside.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    fn new(namespace: &str, address: &str) -> Result<Self> {
        let address = address.parse().with_context(|| format!("no address: {address:?}"))?;
        Ok(Self { namespace: namespace.to_owned(), address })
    }
}

fn script(word: &str) -> Command {
    let mut script = Command::new(sources().join("netns/faults.sh"));
    script.arg(word);
    script
}
