//! The example of the documentation, run as it stands.

#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../examples/socket_io.rs"]
mod program;

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt as _, BufReader, duplex};
use tokio::sync::Notify;

use crate::socket_io::{connected, described, join, joined, start, url};
use crate::support::soon;

/// What one person sees.
#[derive(Clone, Default)]
struct Screen(Arc<(Mutex<Vec<u8>>, Notify)>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.1.notify_one();
        Write::write(&mut *self.0.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Screen {
    async fn shows(&self, wanted: &str) {
        while *self.0.0.lock().unwrap() != wanted.as_bytes() {
            self.0.1.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_with_the_example() {
    let server = start(None);
    let address = url(&server);
    let (mut ana, ana_types) = duplex(1024);
    let (bob, bob_types) = duplex(1024);
    let screens = [Screen::default(), Screen::default()];
    let (mut first, mut second) = (screens[0].clone(), screens[1].clone());
    let (client, _events) = connected(described(&address)).await;
    let talks = async {
        tokio::join!(
            program::talk(&address, "lobby", "ana", BufReader::new(ana_types), &mut first),
            program::talk(&address, "lobby", "bob", BufReader::new(bob_types), &mut second),
        )
    };
    let people = async {
        joined(&server, 2);
        ana.write_all(b"hello, bob\n").await.unwrap();
        for screen in &screens {
            screen.shows("ana: hello, bob\n").await;
        }
        // A program of another kind in the same room.
        let room = client.join(join("lobby")).open().unwrap();
        soon(room.answer()).await.unwrap();
        let said = serde_json::json!({ "who": "eve", "text": "me too" });
        drop(client.emit("say", ("lobby", said)).await.unwrap());
        for screen in &screens {
            screen.shows("ana: hello, bob\neve: me too\n").await;
        }
        drop((ana, bob));
    };
    let (talks, ()) = soon(async { tokio::join!(talks, people) }).await;
    talks.0.unwrap();
    talks.1.unwrap();
}
