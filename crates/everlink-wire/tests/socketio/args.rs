//! Lists taken apart and put together.

use everlink_wire::socketio::{
    Args, open_list, placeholder, write_event, write_last_text, write_list,
};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn arguments_are_what_follows_the_name() {
    let args = Args::parse(r#"[ "a\u0062", 1e400 , {"x":[1,2]}, null ]"#).unwrap();
    assert_eq!(args.event().as_deref(), Some("ab"));
    let raw: Vec<_> = args.after_event().iter().map(|value| value.get()).collect();
    assert_eq!(raw, ["1e400", r#"{"x":[1,2]}"#, "null"]);
    assert_eq!(args.all().len(), 4);
    assert_eq!(Args::parse("[7]").unwrap().event().as_deref(), Some("7"));
    assert_eq!(Args::parse("[null]").unwrap().event(), None);
    assert_eq!(Args::parse("[]").unwrap().after_event().len(), 0);
    assert_eq!(Args::parse("{}").unwrap_err().class(), "json");
}

#[test]
fn a_list_is_written_of_json_and_grows_by_one_text() {
    let event = written(|out| write_event("say \"hi\"", ["1", r#"{"a":2}"#], out));
    assert_eq!(event, r#"["say \"hi\"",1,{"a":2}]"#);
    assert_eq!(written(|out| write_event("a", [], out)), r#"["a"]"#);
    assert_eq!(written(|out| write_list([], out)), "[]");
    let answer = written(|out| write_list(["1", &placeholder(0)], out));
    assert_eq!(answer, r#"[1,{"_placeholder":true,"num":0}]"#);

    let open = open_list(event.as_bytes()).unwrap();
    let longer = written(|out| {
        out.extend_from_slice(open);
        write_last_text("offset", out);
    });
    assert_eq!(longer, r#"["say \"hi\"",1,{"a":2},"offset"]"#);
    assert_eq!(open_list(b"{}"), None);
}
