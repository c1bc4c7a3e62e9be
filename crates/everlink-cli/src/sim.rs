//! placeholder until the simulator's command lands
#[derive(clap::Args, Debug)]
pub(crate) struct SimArgs {}
pub(crate) fn run(_: &SimArgs) -> anyhow::Result<crate::exit::Exit> { Ok(crate::exit::Exit::Ok) }
