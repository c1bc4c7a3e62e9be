//! `everlink sim plot`: how adaptive delays and the circuit breaker spare a server that is away.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use everlink_engine::{Config, ConfigBuilder, Profile};
use everlink_sim::{Attempt, Outage};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::exit::Exit;

/// Draws the attempts of a client in an outage, with and without adaptive delays and circuit breaker, as SVG.
#[derive(Args, Debug)]
pub(crate) struct PlotArgs {
    /// The file to write. [default: standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How long the server is away, such as `30m`.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = outage)]
    outage: Duration,
    /// Seed of the client's jitter; the same seed draws the same picture.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u32,
}

/// Draws, and writes the picture.
///
/// # Errors
///
/// When the picture cannot be drawn or written.
pub(crate) fn run(args: &PlotArgs) -> anyhow::Result<Exit> {
    let picture = draw(args)?;
    match &args.file {
        Some(file) => std::fs::write(file, picture)
            .with_context(|| format!("cannot write {}", file.display()))?,
        None => std::io::stdout().write_all(picture.as_bytes()).context("cannot write")?,
    }
    Ok(Exit::Ok)
}

/// One way to behave in an outage.
struct Way {
    name: &'static str,
    color: RGBColor,
    attempts: Vec<Attempt>,
}

fn draw(args: &PlotArgs) -> anyhow::Result<String> {
    let way = |name, color, change: fn(ConfigBuilder) -> ConfigBuilder| -> anyhow::Result<Way> {
        let config = change(Config::builder(Profile::Standard)).build()?;
        let outage = Outage { config, lasts: args.outage, dial: DIAL, seed: args.seed };
        Ok(Way { name, color, attempts: outage.run() })
    };
    let without = || way("without", GREY, |settings| settings.backoff_adaptive(false));
    let adaptive = way("adaptive", BLUE, |settings| settings.backoff_adaptive(true))?;
    let braked =
        way("breaker", RED, |settings| settings.backoff_adaptive(false).breaker_failures(Some(5)))?;
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        let (above, below) = root.split_vertically(SIZE.1 / 2);
        let adaptive = [without()?, adaptive];
        panel(&above, "Adaptive back-off: delays grow while few attempts succeed", args, &adaptive)
            .and_then(|()| {
                let braked = [without()?, braked];
                let title = "Circuit breaker: after 5 failures one test a minute";
                panel(&below, title, args, &braked)
            })?;
        root.present().map_err(|error| anyhow!("cannot draw: {error}"))?;
    }
    Ok(picture)
}

/// Draws attempts counted over time, one line for each way.
fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    args: &PlotArgs,
    ways: &[Way],
) -> anyhow::Result<()> {
    let minutes = |time: Duration| time.as_secs_f64() / 60.0;
    let ends = ways.iter().filter_map(|way| way.attempts.last()).map(|last| minutes(last.at));
    let until = ends.fold(minutes(args.outage), f64::max) * 1.02;
    let most = ways.iter().map(|way| way.attempts.len()).max().unwrap_or_default() as f64 * 1.1;
    let failed = |error: &dyn std::fmt::Display| anyhow!("cannot draw: {error}");
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..until, 0.0..most)
        .map_err(|error| failed(&error))?;
    let away = [(0.0, 0.0), (minutes(args.outage), most)];
    chart.draw_series([Rectangle::new(away, SHADE.filled())]).map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .x_desc("minutes since the loss; shaded: the server is away")
        .y_desc("attempts so far")
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(|error| failed(&error))?;
    for way in ways {
        let color = way.color;
        let points = || {
            let counted = way.attempts.iter().zip(1..);
            counted.map(|(attempt, count): (_, u32)| (minutes(attempt.at), f64::from(count)))
        };
        let label = label(way);
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)))
            .map_err(|error| failed(&error))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
        chart
            .draw_series(points().map(|point| Circle::new(point, 3, color.filled())))
            .map_err(|error| failed(&error))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(GREY)
        .draw()
        .map_err(|error| failed(&error))?;
    Ok(())
}

fn label(way: &Way) -> String {
    let attempts = way.attempts.len();
    match way.attempts.last().filter(|last| last.succeeded) {
        Some(last) => {
            let back = humantime::format_duration(Duration::from_secs(last.at.as_secs()));
            format!("{}: {attempts} attempts, back after {back}", way.name)
        }
        None => format!("{}: {attempts} attempts, not back", way.name),
    }
}

fn outage(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
    let accepted = (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time);
    if accepted { Ok(time) } else { Err(ACCEPTED.to_owned()) }
}

const ACCEPTED: &str = "accepted: 1s to 1day";

/// How long an attempt takes.
const DIAL: Duration = Duration::from_millis(50);

const SIZE: (u32, u32) = (860, 640);
const GREY: RGBColor = RGBColor(110, 110, 110);
const SHADE: RGBColor = RGBColor(240, 240, 240);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PlotArgs, draw, outage};

    fn picture(outage: u64, seed: u32) -> String {
        draw(&PlotArgs { file: None, outage: Duration::from_secs(outage), seed }).unwrap()
    }

    #[test]
    fn req_x13_req_x14_the_picture_shows_both_brakes_and_is_the_same_each_time() {
        let drawn = picture(900, 1);
        assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"));
        for words in
            ["Adaptive back-off", "Circuit breaker", "adaptive: ", "breaker: ", "back after 15m"]
        {
            assert!(drawn.contains(words), "{words}");
        }
        assert_eq!(drawn, picture(900, 1));
        assert_ne!(drawn, picture(900, 2));
    }

    #[test]
    fn the_shortest_and_the_longest_outage_can_be_drawn() {
        for secs in [1, 86_400] {
            assert!(picture(secs, 3).contains("attempts so far"));
        }
        for wrong in ["0s", "2days", "soon", "-1s"] {
            assert!(outage(wrong).unwrap_err().contains("accepted: 1s to 1day"), "{wrong}");
        }
    }
}
