//! The example of the documentation, run as it stands.

#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../../examples/chat.rs"]
mod chat;

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt, BufReader, duplex};

use crate::support::{Site, soon};

/// What one person sees.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Screen {
    async fn shows(&self, wanted: &str) {
        soon(async {
            while *self.0.lock().unwrap() != wanted.as_bytes() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn two_people_chat_through_a_cut_with_the_example() {
    let site = Site::start().await;
    let url = format!("ws://{}/ws", site.proxy.local_addr());
    let (mut ana, ana_types) = duplex(1024);
    let (mut bob, bob_types) = duplex(1024);
    let screens = [Screen::default(), Screen::default()];
    let (mut first, mut second) = (screens[0].clone(), screens[1].clone());
    let chats = async {
        tokio::join!(
            chat::chat(&url, "lobby", "ana", BufReader::new(ana_types), &mut first),
            chat::chat(&url, "lobby", "bob", BufReader::new(bob_types), &mut second),
        )
    };
    let people = async {
        ana.write_all(b"hello, bob\n").await.unwrap();
        for screen in &screens {
            screen.shows("ana: hello, bob\n").await;
        }
        site.cut();
        bob.write_all(b"hello, ana\n").await.unwrap();
        for screen in &screens {
            screen.shows("ana: hello, bob\nbob: hello, ana\n").await;
        }
        drop((ana, bob));
    };
    let ((ana, bob), ()) = soon(async { tokio::join!(chats, people) }).await;
    ana.unwrap();
    bob.unwrap();
}
