//! The client on a runtime of several threads, where its task may run before the caller goes on.

use std::time::Duration;

use everlink::Client;
use everlink::dial::Proxy;
use everlink_testkit::server::ScriptedServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connecting_is_never_overtaken_by_the_task_that_it_starts() {
    let server = ScriptedServer::builder().build().await.unwrap();
    for round in 0..300 {
        let client =
            Client::builder(server.url()).dial(|dial| dial.proxy(Proxy::none())).build().unwrap();
        let connected = tokio::time::timeout(Duration::from_secs(10), client.connect()).await;
        connected.unwrap_or_else(|_| panic!("round {round} never connected")).unwrap();
    }
}
