//! From cause to class and verdict, as ranges.

use everlink_engine::{Cause, FailureClass, TABLE, Verdict, verdict};
use everlink_wasm::shape::{Shape, Shaped as _};

use crate::camel;

pub(crate) fn module() -> String {
    let mut rows = String::new();
    for (cause, make) in causes() {
        for (first, last, class, verdict) in ranges(make) {
            let (class, verdict) = (name(class), name(verdict));
            rows.push_str(&format!("  ['{cause}', {first}, {last}, '{class}', '{verdict}'],\n"));
        }
    }
    let whys: String =
        TABLE.iter().map(|rule| format!("// {:?}: {}\n", rule.causes, rule.why)).collect();
    format!(
        "import type {{ Cause, FailureClass, Verdict }} from '../failure.js';\n\n{whys}\n\
         /** Cause, its numbers from the first to the last, its class, and what is done after it. */\n\
         export type FailureRow = readonly [\n  cause: Cause['type'],\n  first: number,\n  last: number,\n  \
         family: FailureClass,\n  verdict: Verdict,\n];\n\n\
         /** Every cause; one that has no number has 0. */\n\
         export const FAILURES: readonly FailureRow[] = [\n{rows}];\n"
    )
}

/// A cause of each number.
type Make = Box<dyn Fn(u16) -> Cause>;

fn causes() -> Vec<(String, Make)> {
    let Shape::Union(variants) = Cause::SHAPE else { return Vec::new() };
    let made = variants.iter().enumerate().map(|(tag, (name, fields))| {
        let has_number = !fields.is_empty();
        let make = move |code: u16| {
            let words = [tag as f64, f64::from(code)];
            let words = if has_number { &words[..] } else { &words[..1] };
            let cause = everlink_wasm::Reader::new(words).read();
            cause.unwrap_or(Cause::Local)
        };
        (camel(name), Box::new(make) as Make)
    });
    made.collect()
}

/// Runs of numbers that have the same class and verdict.
fn ranges(make: Make) -> Vec<(u16, u16, FailureClass, Verdict)> {
    let mut ranges: Vec<(u16, u16, FailureClass, Verdict)> = Vec::new();
    let has_number = make(0) != make(1);
    for code in 0..=if has_number { u16::MAX } else { 0 } {
        let cause = make(code);
        let (class, verdict) = (cause.class(), verdict(cause, &[]));
        match ranges.last_mut() {
            Some((_, last, its_class, its)) if (*its_class, *its) == (class, verdict) => {
                *last = code
            }
            Some(_) | None => ranges.push((code, code, class, verdict)),
        }
    }
    ranges
}

fn name(value: impl std::fmt::Debug) -> String {
    camel(&format!("{value:?}"))
}
