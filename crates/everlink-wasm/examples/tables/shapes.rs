//! The shape of each type, every compound one once.

use everlink_wasm::shape::{Shape, WHOLE_MAX, shapes};

use crate::{camel, quoted};

pub(crate) fn module() -> String {
    let mut printer = Printer::default();
    let tops: Vec<String> = shapes()
        .into_iter()
        .map(|(name, shape)| {
            let value = printer.name(shape);
            format!("    {name}: {value},\n")
        })
        .collect();
    let lines = printer.named.iter().enumerate();
    let lines: String = lines.map(|(at, text)| format!("  const s{at} = {text};\n")).collect();
    format!(
        "import {{ flag, fraction, list, option, payload, record, text, time, union, whole, word }} from '../words.js';\n\n\
         /** Makes the shapes of everything that crosses to the engine. */\n\
         export function shapes() {{\n{lines}  return {{\n{}  }};\n}}\n",
        tops.concat()
    )
}

/// What was printed so far; a shape that comes again is named.
#[derive(Default)]
struct Printer {
    named: Vec<String>,
}

impl Printer {
    fn name(&mut self, shape: Shape) -> String {
        let text = match shape {
            Shape::Fraction => return "fraction".into(),
            Shape::Time => return "time".into(),
            Shape::Flag => return "flag".into(),
            Shape::Payload => return "payload".into(),
            Shape::Text => return "text".into(),
            Shape::Whole(max) => {
                format!("whole({})", if max >= WHOLE_MAX { WHOLE_MAX } else { max })
            }
            Shape::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                format!("word({})", words.join(", "))
            }
            Shape::Option(of) => format!("option({})", self.name(*of)),
            Shape::List(of) => format!("list({})", self.name(*of)),
            Shape::Record(fields) => format!("record({})", self.fields(fields)),
            Shape::Union(variants) => {
                let variants: Vec<String> = variants
                    .iter()
                    .map(|(name, fields)| format!("{}: {}", camel(name), self.fields(fields)))
                    .collect();
                format!("union({{ {} }})", variants.join(", "))
            }
        };
        let at = self.named.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.named.push(text);
            self.named.len() - 1
        });
        format!("s{at}")
    }

    fn fields(&mut self, fields: &[(&str, Shape)]) -> String {
        if fields.is_empty() {
            return "{}".into();
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, shape)| format!("{}{}: {}", camel(name), unit(*shape), self.name(*shape)))
            .collect();
        format!("{{ {} }}", fields.join(", "))
    }
}

/// A bare number that is a time says so.
fn unit(shape: Shape) -> &'static str {
    match shape {
        Shape::Time => "Ms",
        Shape::Option(of) => unit(*of),
        Shape::Whole(_)
        | Shape::Fraction
        | Shape::Flag
        | Shape::Payload
        | Shape::Text
        | Shape::Word(_)
        | Shape::List(_)
        | Shape::Record(_)
        | Shape::Union(_) => "",
    }
}
