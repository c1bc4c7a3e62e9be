//! How a server is, drawn on a terminal.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Sparkline, Wrap};

use super::history::History;
use super::plain;

/// Draws everything; what does not fit is left out from below.
pub(super) fn draw(frame: &mut Frame<'_>, url: &str, history: &History, now: Instant) {
    let [head, upper, lower, state, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(CURVE_LINES),
        Constraint::Length(CURVE_LINES),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(heading(url, history, now), head);
    curves(frame, upper, lower, history);
    frame.render_widget(details(history), state);
    frame.render_widget(Line::raw("q or Ctrl-C ends").style(faint()), foot);
}

/// Who it is, or since when nobody answers: by words, not by colour alone.
fn heading(url: &str, history: &History, now: Instant) -> Paragraph<'static> {
    let who = history.last.as_ref().map_or_else(
        || "nothing known yet".to_owned(),
        |seen| format!("{}, up {}", seen.node, plain::uptime(seen)),
    );
    let first = Line::from(vec![
        Span::styled("everlink ", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("{who} — {url}")),
    ]);
    let second = match history.away(now) {
        Some((away, why)) => Line::styled(
            format!("unreachable since {}; trying again ({why})", ago(away)),
            Style::new().add_modifier(Modifier::REVERSED),
        ),
        None => Line::raw(""),
    };
    Paragraph::new(vec![first, second])
}

fn curves(frame: &mut Frame<'_>, upper: Rect, lower: Rect, history: &History) {
    let halves = [Constraint::Fill(1), Constraint::Fill(1)];
    let [upper_left, upper_right] = Layout::horizontal(halves).areas(upper);
    let [lower_left, lower_right] = Layout::horizontal(halves).areas(lower);
    for (area, name, curve) in [
        (upper_left, "connections", &history.connections),
        (upper_right, "accepted a second", &history.accepted),
        (lower_left, "messages in a second", &history.messages_in),
        (lower_right, "messages out a second", &history.messages_out),
    ] {
        draw_curve(frame, area, name, curve);
    }
}

/// The newest value stands at the right, as far as there are some.
fn draw_curve(frame: &mut Frame<'_>, area: Rect, name: &str, curve: &VecDeque<u64>) {
    let now = curve.back().copied().unwrap_or_default();
    let block = Block::bordered().title(format!(" {name}: {} ", plain::count(now)));
    let width = usize::from(block.inner(area).width);
    let shown: Vec<u64> = curve.iter().skip(curve.len().saturating_sub(width)).copied().collect();
    frame.render_widget(Sparkline::default().block(block).data(&shown), area);
}

fn details(history: &History) -> Paragraph<'static> {
    let lines = history.last.as_ref().map_or_else(Vec::new, |seen| {
        let rows = plain::rows(seen).into_iter().skip(1);
        rows.map(|(name, value)| Line::raw(format!("{name:<12} {value}"))).collect()
    });
    Paragraph::new(lines).block(Block::bordered().title(" now ")).wrap(Wrap { trim: false })
}

fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn ago(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

/// A border above and below, and room for a curve.
const CURVE_LINES: u16 = 5;

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::super::fetch::{Fetched, Trouble};
    use super::*;

    fn fetched(connections: u64) -> Fetched {
        let object = json!({
            "node": "a1", "uptime_s": 3723, "connections": connections, "rooms": 12,
            "rates": { "messages_in": connections * 2, "messages_out": 5000, "accepted": 3 },
            "totals": { "accepted": 1200, "refused": 4, "reconnects": 77, "messages_in": 123_456,
                "messages_out": 7_654_321, "bytes_in": 9_000_000, "bytes_out": 800_000_000, "replayed": 42 },
            "quality": { "gaps": 1, "feed_holes": 0, "accept_rate": 900, "return_window_ms": 1500 },
            "store": { "kind": "redb", "channels": 12, "records": 123_000, "bytes": 50_000_000,
                "pending": 2, "fault": "disk full" },
            "drain": { "left_ms": 4000, "connections": 9 },
        });
        Fetched { seen: serde_json::from_value(object.clone()).unwrap(), object }
    }

    fn drawn(history: &History, now: Instant, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, "http://127.0.0.1:8400/", history, now)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_view_shows_curves_and_every_figure() {
        let (mut history, now) = (History::default(), Instant::now());
        for connections in [10, 20, 40, 80] {
            history.take(Ok(fetched(connections)), now);
        }
        insta::assert_snapshot!(drawn(&history, now, 80, 26));
    }

    #[test]
    fn a_server_that_is_away_is_told_with_the_last_figures_below() {
        let (mut history, now) = (History::default(), Instant::now());
        history.take(Ok(fetched(10)), now);
        history.take(Err(Trouble::Other("refused".to_owned())), now);
        let later = now + Duration::from_secs(75);
        history.take(Err(Trouble::Other("refused".to_owned())), later);
        let text = drawn(&history, later, 80, 26);
        assert!(text.contains("unreachable since 1m 15s; trying again (refused)"), "{text}");
        assert!(text.contains("77; 42 messages replayed"), "{text}");
        history.take(Ok(fetched(10)), later);
        assert!(!drawn(&history, later, 80, 26).contains("unreachable"));
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn() {
        let (mut history, now) = (History::default(), Instant::now());
        history.take(Ok(fetched(10)), now);
        for (width, height) in [(1, 1), (3, 2), (20, 5), (300, 100)] {
            drawn(&history, now, width, height);
        }
    }
}
