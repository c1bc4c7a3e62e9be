//! The chat bot against the fake chat, which is a real server that may die.

use std::time::Duration;

use everlink::ConnectionState;
use everlink::bot::{BotStats, ChatBot, ChatBotBuilder, ChatClient};
use everlink_testkit::fake::{Chat, Cut};
use tokio::sync::mpsc::unbounded_channel;

use crate::{hear, quick, soon, telling};

async fn chat() -> Chat {
    Chat::builder().bot("secret", "helper").build().await.unwrap()
}

fn bot(chat: &Chat) -> ChatBotBuilder {
    ChatBot::builder(format!("{}?token=secret", chat.url()))
        .respond(|message| Some(format!("hello, {}", message.nick)))
        .chat(quick)
}

/// Waits until what the bot has counted fits.
async fn counted(bot: &ChatBot, wanted: impl Fn(&BotStats) -> bool) {
    soon(async {
        while !wanted(&bot.stats()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn req_b01_a_chat_that_was_away_for_longer_than_the_first_level_tries_is_joined_again() {
    let chat = chat().await;
    let bot = bot(&chat).check_interval(Duration::from_millis(50));
    let bot = bot.chat(|chat| chat.reconnect_attempts(1)).build().unwrap();
    soon(bot.connect()).await.unwrap();
    chat.stop().await.unwrap();
    counted(&bot, |stats| stats.reconnect_failures >= 1 && stats.forced_surrender >= 1).await;
    chat.start().await.unwrap();
    soon(bot.client().wait_until(ConnectionState::Connected)).await;
    chat.say("alice", "anybody here?").unwrap();
    chat.wait_for("the answer", |counters| counters.messages == 2).await.unwrap();
    soon(bot.close()).await;
}

#[tokio::test]
async fn req_b01_a_chat_that_answers_pings_only_is_left_and_joined_again() {
    let chat = chat().await;
    let bot = bot(&chat).check_interval(Duration::from_millis(50));
    let bot = bot.stale_after(Some(Duration::from_secs(1))).build().unwrap();
    soon(bot.connect()).await.unwrap();
    chat.silence();
    chat.wait_for("a new connection", |counters| counters.connections >= 2).await.unwrap();
    counted(&bot, |stats| stats.forced_stale >= 1).await;
    assert_eq!(bot.stats().forced_surrender, 0);
    soon(bot.close()).await;
}

#[tokio::test]
async fn req_b02_delays_are_as_they_were_set_and_the_first_is_two_seconds() {
    let chat = chat().await;
    for (backoff, delays) in [(true, ["1: 20ms", "2: 40ms"]), (false, ["1: 20ms", "2: 20ms"])] {
        let (to, mut from) = unbounded_channel();
        let client = quick(ChatClient::builder(chat.url())).reconnect_attempts(2);
        let client = client.reconnect_backoff(backoff).on_reconnecting(move |attempt, delay| {
            to.send(format!("{attempt}: {delay:?}")).unwrap_or_default();
        });
        let client = client.build().unwrap();
        soon(client.connect()).await.unwrap();
        chat.stop().await.unwrap();
        hear(&mut from, &delays).await;
        chat.start().await.unwrap();
    }
    let (to, mut from) = unbounded_channel();
    let client = ChatClient::builder(chat.url()).on_reconnecting(move |attempt, delay| {
        to.send(format!("{attempt}: {delay:?}")).unwrap_or_default();
    });
    let client = client.build().unwrap();
    soon(client.connect()).await.unwrap();
    chat.cut(Cut::Fin).unwrap();
    hear(&mut from, &["1: 2s"]).await;
    soon(client.close()).await;
}

#[tokio::test]
async fn req_b05_without_auto_reconnect_a_lost_connection_stays_lost() {
    let chat = chat().await;
    let (to, mut from) = unbounded_channel();
    let client = telling(quick(ChatClient::builder(chat.url())), &to).auto_reconnect(false);
    let client = client.build().unwrap();
    soon(client.connect()).await.unwrap();
    chat.cut(Cut::Reset).unwrap();
    hear(&mut from, &["lost"]).await;
    soon(client.client().wait_until(ConnectionState::Error)).await;
    assert!(!client.is_reconnecting());
    assert_eq!(chat.counters().connections, 1);
}

#[tokio::test]
async fn req_b07_a_bot_that_answers_everything_does_not_answer_itself() {
    for nick in [None, Some("HELPER")] {
        let chat = chat().await;
        let bot = bot(&chat).chat(|chat| match nick {
            Some(nick) => chat.nick(nick),
            None => chat,
        });
        let bot = bot.build().unwrap();
        soon(bot.connect()).await.unwrap();
        for said in 1..=2 {
            chat.say("alice", "hi").unwrap();
            counted(&bot, |stats| stats.own == said).await;
        }
        assert_eq!(chat.counters().messages, 4, "{nick:?}");
        assert_eq!(bot.stats().responses, 2);
        soon(bot.close()).await;
    }
}

#[tokio::test]
async fn req_b07_a_flood_draws_only_so_many_answers() {
    let chat = chat().await;
    let limited =
        |chat: everlink::bot::ChatClientBuilder| chat.response_limit(3, Duration::from_secs(3_600));
    let bot = bot(&chat).chat(limited).build().unwrap();
    soon(bot.connect()).await.unwrap();
    for _ in 0..50 {
        chat.say("alice", "hi").unwrap();
    }
    counted(&bot, |stats| stats.responses_limited == 47 && stats.own == 3).await;
    assert_eq!(chat.counters().messages, 53);
    soon(bot.close()).await;
}

#[test]
fn req_b07_a_limit_of_answers_out_of_range_is_refused() {
    let build = |answers, per| {
        let chat = ChatClient::builder("ws://127.0.0.1:9/").response_limit(answers, per);
        chat.build().map(drop).map_err(|error| error.to_string())
    };
    let second = Duration::from_secs(1);
    for answers in [0, 1_001] {
        let wanted = format!("`response_limit: answers_max` is {answers}; accepted: 1 to 1000");
        assert_eq!(build(answers, second), Err(wanted));
    }
    for (per, millis) in [(Duration::ZERO, 0), (second * 3_601, 3_601_000)] {
        let wanted = "accepted: 1 to 3600000 (milliseconds)";
        assert_eq!(build(1, per), Err(format!("`response_limit: per` is {millis}; {wanted}")));
    }
    for (answers, per) in [(1, second * 3_600), (1_000, Duration::from_millis(1))] {
        assert_eq!(build(answers, per), Ok(()));
    }
}
