use super::*;

fn config(
    change: impl FnOnce(super::super::DeflateBuilder) -> super::super::DeflateBuilder,
) -> DeflateConfig {
    change(DeflateConfig::builder()).build().unwrap()
}

fn check_answer(config: DeflateConfig, offer: &str, expected: &str) {
    let found = match config.answer(offer) {
        Ok(Some(params)) => params.to_string(),
        Ok(None) => "declined".to_owned(),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(found, expected, "{offer}");
}

fn check_read(config: DeflateConfig, answer: &str, expected: Result<Option<(u8, u8)>, &str>) {
    let found = config
        .read_answer(answer)
        .map(|params| params.map(|p| (p.server_max_window_bits, p.client_max_window_bits)));
    assert_eq!(found.map_err(|e| e.to_string()), expected.map_err(str::to_owned), "{answer}");
}

#[test]
fn a_server_takes_the_first_offer_that_suits() {
    let any = DeflateConfig::default();
    let name = "permessage-deflate";
    check_answer(any, "", "declined");
    check_answer(any, "x-webkit-deflate-frame", "declined");
    check_answer(any, name, name);
    check_answer(any, &format!("foo, {name}; client_max_window_bits"), name);
    check_answer(
        any,
        &format!("{name}; server_max_window_bits=8, {name}; server_max_window_bits=\"9\""),
        &format!("{name}; server_max_window_bits=9"),
    );
    check_answer(
        any,
        &format!("{name}; client_max_window_bits=10; server_no_context_takeover"),
        &format!("{name}; server_no_context_takeover; client_max_window_bits=10"),
    );
    check_answer(
        any,
        &format!("{name}; client_no_context_takeover"),
        &format!("{name}; client_no_context_takeover"),
    );
}

#[test]
fn a_server_passes_over_offers_it_cannot_read() {
    for params in [
        "unknown",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=09",
        "server_max_window_bits=9; server_max_window_bits=9",
        "server_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits=x",
    ] {
        check_answer(
            DeflateConfig::default(),
            &format!("permessage-deflate; {params}"),
            "declined",
        );
    }
}

#[test]
fn a_server_asks_for_what_it_wants_and_the_client_allows() {
    let wants = config(|c| {
        c.server_no_context_takeover(true)
            .client_no_context_takeover(true)
            .server_max_window_bits(10)
            .client_max_window_bits(11)
    });
    check_answer(
        wants,
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=10; client_max_window_bits=11",
    );
    check_answer(
        wants,
        "permessage-deflate; server_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=9",
    );
}

#[test]
fn a_client_offers_its_wishes() {
    let plain = DeflateConfig::default();
    assert_eq!(plain.offer(), "permessage-deflate; client_max_window_bits");
    let all = config(|c| {
        c.server_no_context_takeover(true)
            .client_no_context_takeover(true)
            .server_max_window_bits(9)
            .client_max_window_bits(10)
    });
    assert_eq!(
        all.offer(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=9; client_max_window_bits=10"
    );
}

#[test]
fn a_client_takes_an_answer_that_fits_its_offer() {
    let plain = DeflateConfig::default();
    check_read(plain, "", Ok(None));
    check_read(plain, "permessage-deflate", Ok(Some((15, 15))));
    check_read(
        plain,
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=8",
        Ok(Some((10, 8))),
    );
    let small = config(|c| c.server_max_window_bits(10).client_max_window_bits(12));
    check_read(small, "permessage-deflate; server_max_window_bits=9", Ok(Some((9, 12))));
}

#[test]
fn a_client_refuses_an_answer_that_does_not_fit() {
    let plain = DeflateConfig::default();
    let offered =
        |name| format!("server chose the extension {name:?}, offered was permessage-deflate, once");
    check_read(plain, "foo", Err(&offered("foo")));
    check_read(
        plain,
        "permessage-deflate, permessage-deflate",
        Err(&offered("permessage-deflate")),
    );
    let unfit = |param| {
        format!("server answered permessage-deflate with {param}, which does not fit the offer")
    };
    for param in ["client_max_window_bits", "foo", "foo=1", "server_max_window_bits=16"] {
        check_read(plain, &format!("permessage-deflate; {param}"), Err(&unfit(param)));
    }
    let small = config(|c| c.server_max_window_bits(10).client_max_window_bits(12));
    let missing = "server accepted permessage-deflate without server_max_window_bits, \
                   which was asked for";
    check_read(small, "permessage-deflate", Err(missing));
    let answer = "permessage-deflate; server_max_window_bits=11";
    check_read(small, answer, Err(&unfit("server_max_window_bits=11")));
    let answer = "permessage-deflate; server_max_window_bits=9; client_max_window_bits=13";
    check_read(small, answer, Err(&unfit("client_max_window_bits=13")));
    let forgetful = config(|c| c.server_no_context_takeover(true));
    let missing = "server accepted permessage-deflate without server_no_context_takeover, \
                   which was asked for";
    check_read(forgetful, "permessage-deflate", Err(missing));
}

#[test]
fn an_offer_and_its_answer_make_the_same_agreement_on_both_sides() {
    for bits in 9..=15 {
        for (server, client) in [(false, false), (true, false), (false, true), (true, true)] {
            let offering = config(|c| {
                c.server_no_context_takeover(server)
                    .client_no_context_takeover(client)
                    .server_max_window_bits(bits)
                    .client_max_window_bits(24 - bits)
            });
            let agreed = DeflateConfig::default().answer(&offering.offer()).unwrap().unwrap();
            let read = offering.read_answer(&agreed.to_string()).unwrap().unwrap();
            assert_eq!(read, agreed);
        }
    }
}
