//! The page's side of the command: what its buttons reach, and what answers in its rooms.

use std::time::Duration;

use everlink::dial::{DialOptionsBuilder, Proxy};
use everlink::{ChannelEvent, Client, ConnectionState, Dialect, Event, Start};
use everlink_e2e::Program;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{SOON, complaints, everlink};

/// Starts a server in memory; returns it with where it is.
fn serve(arguments: &[&str]) -> (Program, String) {
    let mut command = everlink(&["serve", "--json", "--memory", "--listen", "127.0.0.1:0"]);
    let program = Program::start(command.args(arguments)).unwrap();
    let line = program.wait(0, SOON, |line| line.text.contains("\"serving\"")).unwrap();
    let address = line.json()["addresses"][0].as_str().unwrap().to_owned();
    (program, address)
}

async fn client(address: &str, user: &str) -> Client {
    let client = Client::builder(format!("ws://{address}/ws?user_id={user}"))
        .dialect(Dialect::EVERLINK)
        .dial(|dial: DialOptionsBuilder| dial.proxy(Proxy::none()))
        .settings(|settings| {
            settings
                .return_window(None)
                .backoff_floor(Duration::from_millis(10))
                .backoff_min(Duration::from_millis(20))
                .backoff_max(Duration::from_millis(200))
                .dials_per_minute(None)
        })
        .build()
        .unwrap();
    client.start().unwrap();
    timeout(SOON, client.wait_until(ConnectionState::Connected)).await.unwrap();
    client
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into()
}

fn get(address: &str, path: &str) -> u16 {
    agent().get(format!("http://{address}{path}")).call().unwrap().status().as_u16()
}

fn kill(address: &str, user: &str) -> Result<Value, ureq::Error> {
    let asked =
        agent().post(format!("http://{address}/demo/kill")).send_json(json!({"user": user}));
    asked?.body_mut().read_json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_killed_on_the_servers_side_comes_back_and_others_stay() {
    let (_program, address) = serve(&[]);
    let (ann, ben) = (client(&address, "ann").await, client(&address, "ben").await);
    let mut of_ann = ann.events();
    let killed = kill(&address, "ann").unwrap();
    assert_eq!(killed, json!({"killed": "connection", "connections": 1}));
    let back =
        async { while !matches!(of_ann.next().await, Some(Event::Reconnected { .. }) | None) {} };
    timeout(SOON, back).await.unwrap();
    timeout(SOON, ann.publish("general-chat", "still here")).await.unwrap().unwrap().await.unwrap();
    timeout(SOON, ben.publish("general-chat", "me too")).await.unwrap().unwrap().await.unwrap();
    assert_eq!((ann.info().reconnects, ben.info().reconnects), (1, 0));
}

#[test]
fn the_page_can_be_left_out_and_its_paths_are_not_for_sockets() {
    let (_program, address) = serve(&["--no-page"]);
    assert_eq!(get(&address, "/api/page"), 404);
    assert_eq!(get(&address, "/"), 404);
    assert_eq!(get(&address, "/health"), 200);
    let (_program, address) = serve(&[]);
    assert_eq!(get(&address, "/api/page"), 200);
    let mut command =
        everlink(&["serve", "--memory", "--listen", "127.0.0.1:0", "--path", "/classic"]);
    let mut program = Program::start(&mut command).unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 2);
    assert!(complaints(&program).contains("--no-page"), "{}", complaints(&program));
}

#[test]
fn whoever_lets_others_in_gives_them_nothing_to_kill_with() {
    let (_program, address) = serve(&["--open"]);
    let answer = agent().get(format!("http://{address}/api/page")).call();
    let about: Value = answer.unwrap().body_mut().read_json().unwrap();
    assert_eq!(about["kill"], Value::Null);
    let asked = agent().post(format!("http://{address}/demo/kill")).send_json(json!({"user": "a"}));
    assert_eq!(asked.unwrap().status().as_u16(), 404);
}

/// Asks in a room, and returns the first answer.
async fn answer(client: &Client, room: &str, question: &str) -> String {
    let mut channel = client.channel(room).from(Start::Beginning).open().unwrap();
    timeout(SOON, client.publish(room, question)).await.unwrap().unwrap().await.unwrap();
    loop {
        let event = timeout(SOON, channel.next()).await.unwrap().unwrap();
        let ChannelEvent::Message(message) = event else { continue };
        let Ok(content) = message.payload.decode::<Value>() else { continue };
        if content["role"] == "assistant" {
            return content["plaintext"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r04_demonstrations_answer_in_two_rooms_and_say_what_they_are() {
    let (_program, address) = serve(&[]);
    let ann = client(&address, "ann").await;
    assert!(answer(&ann, "support-chat", "hello").await.contains("demonstration"));
    assert!(answer(&ann, "ai-assistant", "I like trains").await.contains("you like trains"));
}

#[tokio::test(flavor = "multi_thread")]
async fn demonstrations_can_be_left_out() {
    let (_program, address) = serve(&["--no-demo-responders"]);
    let ann = client(&address, "ann").await;
    let mut channel = ann.channel("support-chat").from(Start::Beginning).open().unwrap();
    // An instant answer would come between them.
    for number in 0..20 {
        let question = format!("hello {number}");
        timeout(SOON, ann.publish("support-chat", question)).await.unwrap().unwrap().await.unwrap();
    }
    let mut came = 0;
    while came < 20 {
        let event = timeout(SOON, channel.next()).await.unwrap().unwrap();
        if let ChannelEvent::Message(message) = event {
            let text = message.payload.decode::<String>().unwrap();
            assert_eq!(text, format!("hello {came}"));
            came += 1;
        }
    }
}

#[test]
fn a_demonstration_stays_with_its_page_which_can_kill_the_server_until_ctrl_c() {
    let mut command =
        everlink(&["demo", "--for", "1s", "--rate", "5", "--json", "--stay", "--no-browser"]);
    let mut demo = Program::start(&mut command).unwrap();
    let first = demo.wait(0, SOON, |line| line.text.contains("server on ")).unwrap();
    let address = first.text.split("server on ").nth(1).unwrap();
    let address = address.split(',').next().unwrap().to_owned();
    demo.wait(0, Duration::from_secs(60), |line| line.text.contains("the server stays")).unwrap();
    // Long enough that its age differs from that of the next.
    let before = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        try_uptime(&address).filter(|age| *age >= 2)
    });
    // It cannot answer any more.
    assert!(kill(&address, "ann").is_err());
    let again = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        try_uptime(&address)
    });
    assert!(again.unwrap() < before.unwrap(), "it is another process");
    demo.interrupt().unwrap();
    assert_eq!(demo.ended(SOON).unwrap(), 0, "{:#?}", demo.lines());
    assert_eq!(try_uptime(&address), None, "nothing is left");
}

fn try_uptime(address: &str) -> Option<u64> {
    let answer = agent().get(format!("http://{address}/health/live")).call();
    let live: Value = answer.ok()?.body_mut().read_json().ok()?;
    live["uptime_s"].as_u64()
}
