//! Opens the page, where somebody can see it.

use std::io::IsTerminal as _;

/// Opens a page in the browser of whoever sits here. Returns whether it was tried.
pub(super) fn open(url: &str) -> bool {
    let somebody = std::io::stderr().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !somebody || !has_display(cfg!(all(unix, not(target_os = "macos"))), set) {
        return false;
    }
    if let Err(error) = open::that_detached(url) {
        tracing::warn!(%error, url, "no browser could be opened");
        return false;
    }
    true
}

/// Returns whether there is a display and somebody before it, by the variables that are set.
fn has_display(needs_variable: bool, set: impl Fn(&str) -> bool) -> bool {
    let remote = set("CI") || set("SSH_CONNECTION") && !set("DISPLAY");
    let shown = !needs_variable || set("DISPLAY") || set("WAYLAND_DISPLAY");
    shown && !remote
}

#[cfg(test)]
mod tests {
    use super::has_display;

    #[test]
    fn a_browser_is_opened_only_where_somebody_can_see_it() {
        let with = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        assert!(has_display(true, with(&["DISPLAY"])));
        assert!(has_display(true, with(&["WAYLAND_DISPLAY"])));
        assert!(has_display(false, with(&[])), "a Mac has a display");
        assert!(has_display(true, with(&["SSH_CONNECTION", "DISPLAY"])), "forwarded");
        assert!(!has_display(true, with(&[])));
        assert!(!has_display(true, with(&["DISPLAY", "CI"])));
        assert!(!has_display(false, with(&["SSH_CONNECTION"])));
    }
}
