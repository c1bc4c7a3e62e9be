//! The sample files, read as a user's would be.

use std::path::{Path, PathBuf};

use everlink::config::Loader;
use everlink_engine::Profile;

use crate::{engine, load, ms, s};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/config").join(name)
}

#[test]
fn req_f05_the_sample_in_json_is_loaded() {
    let loaded = load(Loader::new().file(sample("market_feed.json")));
    assert_eq!(loaded.profile, Profile::MarketFeed);
    assert_eq!(loaded.client.urls, ["wss://feed-1.example.com/ws"]);
    let settings = engine(&loaded);
    assert!(settings.reconnect());
    assert_eq!(settings.attempts_max(), Some(20));
    assert_eq!((settings.backoff_min(), settings.backoff_max()), (ms(500), s(45)));
    assert!((settings.backoff_multiplier() - 1.5).abs() < f64::EPSILON);
    assert!((settings.jitter_factor() - 0.1).abs() < f64::EPSILON);
}

#[test]
fn req_f05_the_sample_in_toml_is_loaded() {
    let loaded = load(Loader::new().file(sample("market_feed.toml")));
    assert_eq!(loaded.profile, Profile::MarketFeed);
    assert_eq!(loaded.client.urls.len(), 2);
    assert_eq!(loaded.client.tls.roots, Some("both"));
    assert!(
        loaded.client.outbox.path.as_ref().unwrap().ends_with("examples/config/market_feed.outbox")
    );
    let settings = engine(&loaded);
    assert_eq!(settings.attempts_max(), None);
    assert_eq!(settings.stale_after(), Some(s(30)));
    assert_eq!(settings.renew_after(), Some(s(23 * 3600 + 1800)));
}
