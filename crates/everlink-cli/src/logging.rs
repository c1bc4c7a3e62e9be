//! Logs on stderr, by `RUST_LOG` or `LOG_LEVEL` (X11); none unless asked for.

use tracing_subscriber::EnvFilter;

use crate::streams::{Stderr, tell};

/// Starts logging as the environment says. A filter that cannot be read is said, and left out.
pub(crate) fn start() {
    let Some((name, text)) = asked() else { return };
    match EnvFilter::try_new(&text) {
        Ok(filter) => {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Stderr).init();
        }
        Err(error) => {
            let accepted = "error, warn, info, debug, trace, or target=level pairs";
            tell(format_args!("everlink: {name}={text}: {error}; accepted: {accepted}"));
        }
    }
}

fn asked() -> Option<(&'static str, String)> {
    ["RUST_LOG", "LOG_LEVEL"].into_iter().find_map(|name| {
        let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
        // Python's names for the levels are in use where LOG_LEVEL is.
        let text = if text == "WARNING" { "warn".to_owned() } else { text };
        Some((name, text.to_lowercase()))
    })
}
