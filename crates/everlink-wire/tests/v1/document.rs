//! The reference documents say what the code does.

use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use everlink_engine::server::Code;
use everlink_engine::{Causes, TABLE, Verdict};
use everlink_wire::Message;
use everlink_wire::v1::{Encoding, decode_reply, decode_request, frame_tables};
use serde_json::Value;

const PAGE: &str = include_str!("../../../../docs/reference/protocol.md");
const TABLES: &str = include_str!("../../../../docs/reference/protocol-frames.md");
const VECTORS: &str = include_str!("../../vectors/v1.json");

/// Returns the lines of all blocks that are marked so.
fn blocks(mark: &str) -> Vec<&'static str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        match line.strip_prefix("```") {
            Some(found) => inside = found == mark,
            None if inside => lines.push(line),
            None => {}
        }
    }
    lines
}

#[track_caller]
fn check_decodes(from_client: bool, encoding: Encoding, message: &Message) {
    let result = if from_client {
        decode_request(encoding, message).map(|_| ())
    } else {
        decode_reply(encoding, message).map(|_| ())
    };
    assert_eq!(result, Ok(()), "{message:?}");
}

#[test]
fn the_bytes_in_the_document_are_those_of_vectors() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let (json, cbor) = (blocks("json client"), blocks("cbor client"));
    assert!(json.len() >= 2 && json.len() == cbor.len());
    for (json, cbor) in json.into_iter().zip(cbor) {
        let is = |vector: &&Value| vector["json"] == json && vector["cbor"] == cbor;
        let vector = vectors.iter().find(is).unwrap_or_else(|| panic!("no vector: {json}"));
        check_decodes(vector["side"] == "client", Encoding::Json, &Message::from(json));
        let digits = |at: usize| u8::from_str_radix(&cbor[at..at + 2], 16).unwrap();
        let bytes: Bytes = (0..cbor.len()).step_by(2).map(digits).collect();
        check_decodes(vector["side"] == "client", Encoding::Cbor, &Message::from(bytes));
    }
}

#[test]
fn the_conversations_in_the_document_can_be_decoded() {
    let lines = blocks("everlink");
    assert!(lines.len() >= 15);
    for line in lines {
        let (side, frame) = line.split_once(' ').unwrap();
        assert!(matches!(side, "C" | "S"), "{line}");
        check_decodes(side == "C", Encoding::Json, &Message::from(frame));
    }
}

#[test]
fn the_tables_in_the_document_are_those_of_the_code() {
    let expected = tables();
    if TABLES != expected {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("protocol-frames.md");
        std::fs::write(&path, expected).unwrap();
        panic!("copy {} to docs/reference", path.display());
    }
}

/// Writes the document of all frames and codes.
fn tables() -> String {
    let mut page = String::from(
        "# Frames and codes of `everlink.v1`\n\n\
         Written from the code; a test compares. What they mean together stands in [the protocol](protocol.md).\n\n\
         In the column *required*, `d` or `x` means exactly one of the two. A field with a dot stands in the object or in\n\
         the objects of the list before the dot.\n\n## Frames\n\n",
    );
    page.push_str(&frame_tables());
    page.push_str(
        "## Codes\n\nIn `nack`, `sub_err`, `read_err` and `err`, and as close codes.\n\n",
    );
    page.push_str("| number | name | meaning |\n|---|---|---|\n");
    for code in Code::ALL {
        let (number, name, meaning) = (code.number(), code.name(), code.meaning());
        writeln!(page, "| {number} | `{name}` | {meaning} |").unwrap();
    }
    page.push_str("\n## Close codes\n\nWhat a client does after a close with such a code; the first row that fits counts.\n\n");
    page.push_str("| codes | the client | because |\n|---|---|---|\n");
    for rule in TABLE {
        let Causes::CloseCodes(first, last) = rule.causes else { continue };
        let codes = if first == last { first.to_string() } else { format!("{first} to {last}") };
        writeln!(page, "| {codes} | {} | {} |", verdict(rule.verdict), rule.why).unwrap();
    }
    page.push_str("| others | comes back | what is not known is retried |\n");
    page
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Retry => "comes back",
        Verdict::RetrySlowly => "comes back slowly",
        Verdict::RetrySlowlyOnceProven => "comes back slowly, if it was ever connected",
        Verdict::RefreshCredentials => {
            "asks for fresh credentials and comes back at once; gives up if those fail too"
        }
        Verdict::RetryThrice => "comes back, and gives up at the third in a row",
        Verdict::GiveUp => "gives up",
    }
}
