//! Shows the servers of others answering, each at its address, until standard input ends.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use everlink_e2e::{Server, ServerKind, ServerOptions};

fn main() -> anyhow::Result<()> {
    let start = |kind| Server::start(kind, ServerOptions::default());
    let servers = ServerKind::ALL.into_iter().map(start).collect::<anyhow::Result<Vec<_>>>()?;
    for server in &servers {
        println!("{:<12} {}", server.kind().name(), server.url());
    }
    println!("press Enter to stop them");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
