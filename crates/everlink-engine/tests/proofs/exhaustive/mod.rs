//! Every interleaving in a small world: the engine itself, a tiny server with a log, a network that
//! cuts, delays and brings late news, and a clock that only time-outs move.

mod world;

use everlink_engine::ConnectionState;
use stateright::{Checker, Model, Property};

use world::{Action, Budget, World};

/// How much may happen in one run.
#[derive(Clone, Copy, Debug)]
struct Small {
    budget: Budget,
}

impl Model for Small {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.budget)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(world.actions());
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "each message is in the log at most once, in order",
                |_, world: &World| world.log_is_in_order(),
            ),
            Property::always(
                "no message follows a number that the log does not know",
                |_, world: &World| !world.server.refused,
            ),
            Property::always(
                "the application reads the log from the start without hole or copy",
                |_, world: &World| world.reads_in_order(),
            ),
            Property::always(
                "acknowledged is what is in the log, once each",
                |_, world: &World| world.acknowledgements_hold(),
            ),
            Property::always(
                "at most one transport and its successor are open",
                |_, world: &World| world.live() <= 2,
            ),
            Property::always(
                "after a disconnect nothing is open, and nothing opens",
                |_, world: &World| {
                    world.engine.state() != ConnectionState::Closed || world.live() == 0
                },
            ),
            Property::always(
                "at the end all is settled, or the application left",
                |model: &Self, world: &World| {
                    let mut actions = Vec::new();
                    model.actions(world, &mut actions);
                    !actions.is_empty() || world.is_settled()
                },
            ),
            // Without these two the others could hold because nothing ever happens.
            Property::sometimes("everything arrives after a cut", |_, world: &World| {
                world.has_all()
                    && world.engine.state() == ConnectionState::Connected
                    && world.was_cut()
            }),
            Property::sometimes("a successor takes over", |_, world: &World| world.moved),
        ]
    }
}

fn check(budget: Budget) {
    let checker = Small { budget }.checker().threads(2).spawn_bfs().join();
    eprintln!("{budget:?}: {} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn nothing_is_lost_doubled_or_reordered_across_cuts_and_moves() {
    check(Budget { sends: 2, foreign: 1, cuts: 1, changes: 1, disconnects: 0, timeouts: 1 });
}

#[test]
fn after_a_disconnect_nothing_opens_whatever_was_under_way() {
    check(Budget { sends: 1, foreign: 0, cuts: 1, changes: 1, disconnects: 1, timeouts: 1 });
}
