//! One connection's view of the book.

use super::book::Book;
use super::conditions::Conditions;
use super::direction::End;
use tokio::sync::watch;

/// The rules for one connection, kept up to date.
#[derive(Clone, Debug)]
pub(crate) struct View {
    connection: u64,
    news: watch::Receiver<Book>,
    current: Conditions,
}

impl View {
    pub(crate) fn new(connection: u64, mut news: watch::Receiver<Book>) -> Self {
        let current = Conditions::of(&news.borrow_and_update(), connection);
        Self { connection, news, current }
    }

    /// Waits for news. Cancel safe: news that was not taken stays.
    ///
    /// Says how to end when the proxy is gone.
    pub(crate) async fn changed(&mut self) -> Result<(), End> {
        self.news.changed().await.map_err(|_| End::Reset)?;
        self.current = Conditions::of(&self.news.borrow_and_update(), self.connection);
        Ok(())
    }

    /// Waits until this connection is told to end.
    pub(crate) async fn doom(mut self) -> End {
        loop {
            if let Some(end) = self.current.end {
                return end;
            }
            if let Err(end) = self.changed().await {
                return end;
            }
        }
    }

    pub(crate) fn now(&self) -> &Conditions {
        &self.current
    }
}
