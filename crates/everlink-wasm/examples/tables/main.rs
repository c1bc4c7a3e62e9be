//! Prints the tables that the TypeScript side must have in common with Rust, as TypeScript modules.
//!
//! `tables FOLDER` writes `shapes.ts`, `settings.ts`, `failures.ts` and `limits.ts` there.

mod failures;
mod settings;
mod shapes;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("which folder? tables FOLDER"));
    };
    let tables = [
        ("shapes.ts", shapes::module()),
        ("settings.ts", settings::module()),
        ("failures.ts", failures::module()),
        ("limits.ts", limits()),
    ];
    for (name, text) in tables {
        let text =
            format!("// Printed from the Rust types; `cargo xtask web` makes it anew.\n\n{text}");
        std::fs::write(Path::new(&folder).join(name), text)?;
    }
    Ok(())
}

fn limits() -> String {
    use everlink_engine::limits;
    let rows: [(&str, u128, &str); 9] = [
        (
            "HINT_MAX_MS",
            limits::HINT_MAX.as_millis(),
            "Longest time that a server's hint is obeyed for.",
        ),
        (
            "UNWRITTEN_BYTES_MAX",
            limits::UNWRITTEN_BYTES_MAX as u128,
            "Most bytes transmitted and not yet written.",
        ),
        (
            "UNWRITTEN_FRAMES_MAX",
            limits::UNWRITTEN_FRAMES_MAX as u128,
            "Most frames transmitted and not yet written.",
        ),
        ("CHANNELS_MAX", limits::CHANNELS_MAX as u128, "Most channels in use at once."),
        (
            "READS_MAX",
            limits::READS_MAX as u128,
            "Most questions for pages of history open at once.",
        ),
        (
            "LATE_TIMER_MS",
            limits::LATE_TIMER.as_millis(),
            "A time-out later than this says that we were asleep.",
        ),
        (
            "ASLEEP_MS",
            limits::ASLEEP.as_millis(),
            "A time-out later than this says that the machine slept.",
        ),
        ("ENGINES_MAX", everlink_wasm::ENGINES_MAX as u128, "Most engines alive in one page."),
        ("WORDS_MAX", u128::from(everlink_wasm::WORDS_MAX), "Most words of one input."),
    ];
    let row = |(name, value, doc): (&str, u128, &str)| {
        format!("/** {doc} */\nexport const {name} = {value};\n")
    };
    rows.map(row).join("\n")
}

/// `retry_after` or `RetryAfter` becomes `retryAfter`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if out.is_empty() => out.extend(letter.to_lowercase()),
            letter if upper => {
                out.extend(letter.to_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

fn quoted(word: &str) -> String {
    format!("'{}'", camel(word))
}
