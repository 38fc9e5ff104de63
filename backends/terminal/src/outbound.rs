//! Posts on the screen.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::Style;

/// The screen, and whether a prompt stands on it.
pub(crate) struct Screen {
    output: Box<dyn AsyncWrite + Send + Unpin>,
    style: Style,
    prompted: bool,
}

impl Screen {
    pub(crate) fn new(output: impl AsyncWrite + Send + Unpin + 'static, style: Style) -> Self {
        Self { output: Box::new(output), style, prompted: false }
    }

    /// Invites the user to write, where prompts are wanted.
    pub(crate) async fn prompt(&mut self) -> io::Result<()> {
        if !self.style.prompt {
            return Ok(());
        }
        self.prompted = true;
        self.output.write_all(b"> ").await?;
        self.output.flush().await
    }

    /// Shows `text` on lines of its own, over a prompt that nobody has answered yet.
    pub(crate) async fn show(&mut self, text: &str) -> io::Result<()> {
        let over = if self.prompted { "\r\u{1b}[K" } else { "" };
        let shown = format!("{over}{}\n", inert(text, self.style.colours));
        self.output.write_all(shown.as_bytes()).await?;
        self.output.flush().await?;
        self.prompt().await
    }

    /// Notes that the user has ended the line on which the prompt stood.
    pub(crate) async fn entered(&mut self) -> io::Result<()> {
        self.prompted = false;
        self.prompt().await
    }
}

/// `text` without anything that acts on a terminal, but for line ends, tabs and, where `colours` are
/// shown, the escapes that set them (ECMA-48, SGR).
fn inert(text: &str, colours: bool) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let kept = match c {
            '\u{1b}' if colours => colour(rest),
            '\n' | '\t' => 1,
            c if c.is_control() => 0,
            c => c.len_utf8(),
        };
        inert.push_str(rest.get(..kept).unwrap_or_default());
        rest = rest.get(kept.max(c.len_utf8())..).unwrap_or_default();
    }
    inert
}

/// The length of the colour escape at the beginning of `text`; 0 if there is none.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if parameters.as_bytes().get(length) == Some(&b'm') { length + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_nothing() {
        assert_eq!(inert("a\u{1b}[2Jb\u{7}\0\u{9b}c\r\n\td", false), "a[2Jbc\n\td");
        assert_eq!(inert("a\u{1b}]0;title\u{7}", true), "a]0;title");
    }

    #[test]
    fn colours_are_shown_only_where_they_are_wanted() {
        assert_eq!(inert("\u{1b}[1;31mred\u{1b}[0m", true), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(inert("\u{1b}[1;31mred\u{1b}[0m", false), "[1;31mred[0m");
        assert_eq!(inert("\u{1b}[1;31", true), "[1;31");
    }
}
