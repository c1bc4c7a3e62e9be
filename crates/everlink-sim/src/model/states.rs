//! The six states: only legal transitions, each told once with the event that belongs to it.

use everlink_engine::{ConnectionState, Event};

use super::{Check, broken};

/// The event that must follow a change of state before anything else is told of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Owed {
    #[default]
    Nothing,
    Standing,
    Disconnected,
    Failed,
}

#[derive(Debug, Default)]
pub(crate) struct States {
    pub(crate) told: ConnectionState,
    owed: Owed,
    wanted: bool,
    /// It stood since it was last asked for.
    stood: bool,
}

impl States {
    pub(crate) fn wanted(&mut self, connect: bool) {
        use ConnectionState::{Closed, Error};
        if self.told == Closed || (connect && self.told == Error) {
            self.stood = false;
        }
        self.wanted = true;
    }

    pub(crate) fn unwanted(&mut self) {
        self.wanted = false;
    }

    pub(crate) fn dials(&self) -> Check {
        if self.wanted { Ok(()) } else { broken("no dial while closed", "a dial after the end") }
    }

    pub(crate) fn event(&mut self, event: &Event<u64>) -> Check {
        use ConnectionState as S;
        let rule = "events follow the states";
        match event {
            Event::StateChanged { from, to } => self.changed(*from, *to),
            Event::Connected { .. } => {
                if self.owed != Owed::Standing || self.stood {
                    return broken(rule, format!("`Connected` in {:?}", self.told));
                }
                self.stood = true;
                self.pay()
            }
            Event::Reconnected { .. } => {
                if self.owed != Owed::Standing || !self.stood {
                    return broken(rule, format!("`Reconnected` in {:?}", self.told));
                }
                self.pay()
            }
            Event::Disconnected { .. } if self.owed == Owed::Disconnected => self.pay(),
            Event::ReconnectFailed { .. } if self.owed == Owed::Failed => self.pay(),
            Event::Disconnected { .. } | Event::ReconnectFailed { .. } => {
                broken(rule, format!("{event:?} in {:?}, told already", self.told))
            }
            Event::Reconnecting { .. } | Event::AttemptFailed { .. } => {
                if self.owed != Owed::Nothing || matches!(self.told, S::Closed | S::Connected) {
                    return broken(rule, format!("{event:?} in {:?}", self.told));
                }
                Ok(())
            }
            Event::Moved if self.told != S::Connected => {
                broken(rule, format!("`Moved` in {:?}", self.told))
            }
            Event::Message { .. } | Event::Gap { .. }
                if matches!(self.told, S::Closed | S::Error) =>
            {
                broken(rule, format!("{event:?} in {:?}", self.told))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn at_rest(&self, state: ConnectionState) -> Check {
        if self.owed != Owed::Nothing {
            return broken("events follow the states", format!("{:?} is still owed", self.owed));
        }
        if state != self.told {
            let detail = format!("it is {state:?}, and {:?} was told", self.told);
            return broken("the told state is the state", detail);
        }
        if !self.wanted && state != ConnectionState::Closed {
            return broken("disconnect ends everything", format!("{state:?} after the end"));
        }
        Ok(())
    }

    pub(crate) fn quiet(&self) -> Check {
        if self.told == ConnectionState::Connected {
            return Ok(());
        }
        broken("a calm network is connected", format!("{:?} after a long calm", self.told))
    }

    fn changed(&mut self, from: ConnectionState, to: ConnectionState) -> Check {
        if from != self.told || !is_legal(from, to) || self.owed != Owed::Nothing {
            let detail = format!("{from:?} to {to:?}, and {:?} was told", self.told);
            return broken("only legal transitions", detail);
        }
        self.told = to;
        self.owed = match to {
            ConnectionState::Connected => Owed::Standing,
            ConnectionState::Disconnected => Owed::Disconnected,
            ConnectionState::Error => Owed::Failed,
            ConnectionState::Closed
            | ConnectionState::Connecting
            | ConnectionState::Reconnecting => Owed::Nothing,
        };
        if to == ConnectionState::Closed {
            self.wanted = false;
            self.stood = false;
        }
        Ok(())
    }

    fn pay(&mut self) -> Check {
        self.owed = Owed::Nothing;
        Ok(())
    }
}

/// The model's own table of X01.
fn is_legal(from: ConnectionState, to: ConnectionState) -> bool {
    use ConnectionState::{Closed, Connected, Connecting, Disconnected, Error, Reconnecting};
    match from {
        Closed => to == Connecting,
        Connecting => matches!(to, Connected | Reconnecting | Error | Closed),
        Connected => matches!(to, Disconnected | Closed),
        Disconnected => matches!(to, Reconnecting | Error | Closed),
        Reconnecting => matches!(to, Connected | Error | Closed),
        Error => matches!(to, Reconnecting | Connecting | Closed),
    }
}
