//! A proxy that cuts what is silent (fault 57).

use std::time::Duration;

use everlink::engine::Heartbeat;
use everlink::{Client, Event};
use everlink_e2e::{Nginx, ServerKind};

use crate::support::{back, lost, soon, start};

/// A client of the standard profile, but for its heartbeat.
fn standard(url: &str, heartbeat: Heartbeat) -> Client {
    let interval = Nginx::IDLE_MAX / 3;
    let client = Client::builder(url).dial(|dial| dial.proxy(everlink::dial::Proxy::none()));
    let settings =
        client.settings(move |settings| settings.heartbeat(heartbeat).heartbeat_interval(interval));
    settings.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_57_a_heartbeat_keeps_an_idle_connection_and_without_one_it_is_back_within_2_s() {
    let server = start(ServerKind::PythonWebsockets);
    let nginx = Nginx::in_front_of(server.address()).unwrap();
    let beating = standard(&nginx.url(), Heartbeat::Protocol);
    let silent = standard(&nginx.url(), Heartbeat::None);
    let (mut beats, mut cuts) = (beating.events(), silent.events());
    soon(async { tokio::join!(beating.connect(), silent.connect()) }).await.0.unwrap();
    let watch = tokio::spawn(async move {
        loop {
            match beats.next().await {
                Some(Event::Disconnected { error, .. }) => return Some(error),
                None => return None,
                Some(_) => {}
            }
        }
    });
    for _ in 0..2 {
        lost(&mut cuts).await;
        let downtime = back(&mut cuts).await;
        // The first return waits up to 2 s, so that a proxy's many clients do not come at once.
        assert!(downtime < Duration::from_millis(2200), "back only after {downtime:?}");
    }
    // It has been idle for twice what nginx allows, beside one that was cut twice.
    assert_eq!(beating.info().reconnects, 0);
    assert!(beating.info().is_connected());
    drop(beating);
    assert_eq!(soon(watch).await.unwrap(), None);
}
