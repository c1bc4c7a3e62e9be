//! What the speech wants done by itself.

use std::task::Context;

use super::reading::OUT_FULL;
use super::{Connection, Stage};
use crate::speech::{Capacity, Step};

impl Connection {
    /// Does what the speech wants done.
    pub(super) fn poll_steps(&mut self, cx: &mut Context<'_>) {
        for _ in 0..STEPS_MAX {
            if self.stage != Stage::Open {
                return;
            }
            let messages = self.socket.waiting() < OUT_FULL;
            let capacity = Capacity { messages, requests: !self.session.is_paused() };
            match self.speech.poll_step(cx, capacity) {
                None => return,
                Some(Step::Say(payload)) => self.socket.say(&payload),
                Some(Step::Request(request)) => self.request(request, 0),
                Some(Step::Close { code, why }) => self.close(code, &why),
            }
            self.carry_out();
        }
        // Others have a right to their turn.
        cx.waker().wake_by_ref();
    }
}

/// Steps of one turn.
const STEPS_MAX: usize = 256;
