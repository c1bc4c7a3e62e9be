//! Which kinds of everything were seen; what was not is an error, since a trace proves only what is in it.

use std::collections::BTreeSet;

use everlink_wasm::shape::{Field, Shape};
use serde_json::Value;

/// What was seen, and what could be.
#[derive(Default)]
pub(crate) struct Coverage {
    seen: BTreeSet<String>,
}

impl Coverage {
    /// Notes every kind in a value, and checks that it has the fields of its shape and no other.
    pub(crate) fn note(&mut self, value: &Value, shape: Shape) {
        match shape {
            Shape::Word(words) => {
                self.seen.insert(format!("{words:?} {}", value.as_str().unwrap_or_default()));
            }
            Shape::Option(of) if !value.is_null() => self.note(value, *of),
            Shape::List(of) => {
                for one in value.as_array().into_iter().flatten() {
                    self.note(one, *of);
                }
            }
            Shape::Record(fields) => self.fields(value, fields),
            Shape::Union(variants) => {
                let kind = value["type"].as_str().unwrap_or_default();
                let known = variants.iter().find(|(name, _)| camel(name) == kind);
                let Some((name, fields)) = known else { panic!("{value} is no {variants:?}") };
                self.seen.insert(format!("{} {name}", names(variants)));
                self.fields(value, fields);
            }
            Shape::Option(_)
            | Shape::Whole(_)
            | Shape::Fraction
            | Shape::Time
            | Shape::Flag
            | Shape::Payload
            | Shape::Text => {}
        }
    }

    fn fields(&mut self, value: &Value, fields: &[Field]) {
        for (name, shape) in fields {
            let unit = if is_time(*shape) { "Ms" } else { "" };
            self.note(&value[camel(name) + unit], *shape);
        }
    }

    /// Returns what a shape has and nobody saw, but for what is excused.
    pub(crate) fn missing(&self, shape: Shape, excused: &[&str]) -> Vec<String> {
        let mut all = BTreeSet::new();
        collect(shape, &mut all);
        let excused =
            |kind: &String| excused.iter().any(|name| kind.ends_with(&format!(" {name}")));
        all.into_iter().filter(|kind| !self.seen.contains(kind) && !excused(kind)).collect()
    }
}

fn collect(shape: Shape, all: &mut BTreeSet<String>) {
    match shape {
        Shape::Word(words) => {
            all.extend(words.iter().map(|word| format!("{words:?} {}", camel(word))));
        }
        Shape::Option(of) | Shape::List(of) => collect(*of, all),
        Shape::Record(fields) => fields.iter().for_each(|(_, shape)| collect(*shape, all)),
        Shape::Union(variants) => {
            for (name, fields) in variants {
                all.insert(format!("{} {name}", names(variants)));
                fields.iter().for_each(|(_, shape)| collect(*shape, all));
            }
        }
        Shape::Whole(_)
        | Shape::Fraction
        | Shape::Time
        | Shape::Flag
        | Shape::Payload
        | Shape::Text => {}
    }
}

fn names(variants: &[(&str, &[Field])]) -> String {
    variants.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("|")
}

fn is_time(shape: Shape) -> bool {
    match shape {
        Shape::Time => true,
        Shape::Option(of) => is_time(*of),
        Shape::Whole(_)
        | Shape::Fraction
        | Shape::Flag
        | Shape::Payload
        | Shape::Text
        | Shape::Word(_)
        | Shape::List(_)
        | Shape::Record(_)
        | Shape::Union(_) => false,
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default();
    let first = first[..1].to_lowercase() + &first[1..];
    words.fold(first, |text, word| text + &word[..1].to_uppercase() + &word[1..])
}
