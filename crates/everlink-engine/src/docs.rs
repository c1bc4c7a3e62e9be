//! What documentation prints from the code, so that it cannot say something else.

use alloc::string::String;

use crate::state::ConnectionState;

/// Returns the states and transitions as a Mermaid diagram (`stateDiagram-v2`).
///
/// ```
/// let diagram = everlink_engine::docs::state_diagram();
/// assert!(diagram.contains("Connected --> Disconnected: lost"));
/// ```
#[must_use]
pub fn state_diagram() -> String {
    let mut diagram = String::from("stateDiagram-v2\n    [*] --> Closed\n");
    for (from, to, why) in ConnectionState::TRANSITIONS {
        diagram.push_str("    ");
        push_capitalised(&mut diagram, from.name());
        diagram.push_str(" --> ");
        push_capitalised(&mut diagram, to.name());
        diagram.push_str(": ");
        diagram.push_str(why);
        diagram.push('\n');
    }
    diagram
}

fn push_capitalised(text: &mut String, word: &str) {
    let mut letters = word.chars();
    text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    text.push_str(letters.as_str());
}
