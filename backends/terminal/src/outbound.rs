//! Posts on the screen.

use std::io;

use fulmar_contract::{Post, Tone};
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

    /// Shows `post` on lines of its own, over a prompt that nobody has answered yet.
    pub(crate) async fn show(&mut self, post: &Post) -> io::Result<()> {
        let over = if self.prompted { "\r\u{1b}[K" } else { "" };
        let name = post.mention.as_ref().map_or_else(String::new, |mention| format!("{}: ", mention.name));
        let marked = post.marked.as_ref().filter(|_| self.style.colours);
        let text = inert(&format!("{name}{}", marked.unwrap_or(&post.text)), marked.is_some());
        let colour = colour_of(post.tone).filter(|_| self.style.colours);
        let shown =
            colour.map_or_else(|| format!("{over}{text}\n"), |colour| format!("{over}{colour}{text}{END}\n"));
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

/// The escape that sets the colour of good and bad news.
const fn colour_of(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Bad => Some("\u{1b}[31m"),
        Tone::Good => Some("\u{1b}[32m"),
        Tone::Neutral => None,
        Tone::Warning => Some("\u{1b}[33m"),
    }
}

/// The end of a colour.
const END: &str = "\u{1b}[0m";

/// `text` without anything that acts on a terminal, but for line ends, tabs and, where it has `marks`, the escapes that
/// set them (ECMA-48, SGR).
fn inert(text: &str, marks: bool) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let kept = match c {
            '\u{1b}' if marks => colour(rest),
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

    async fn shown(tone: Tone, colours: bool) -> String {
        let (output, mut screen) = tokio::io::duplex(1024);
        let mut post = Post::plain(crate::inbound::room(), "a\nb", "1");
        post.tone = tone;

        Screen::new(output, Style { prompt: false, colours }).show(&post).await.unwrap();

        let mut shown = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut screen, &mut shown).await.unwrap();
        shown
    }

    #[tokio::test]
    async fn good_and_bad_news_have_colours_where_these_are_wanted() {
        assert_eq!(shown(Tone::Bad, true).await, "\u{1b}[31ma\nb\u{1b}[0m\n");
        assert_eq!(shown(Tone::Neutral, true).await, "a\nb\n");
        assert_eq!(shown(Tone::Bad, false).await, "a\nb\n");
    }

    #[tokio::test]
    async fn marks_are_shown_where_colours_are() {
        for (colours, expected) in [(true, "a \u{1b}[1mb\u{1b}[22m\n"), (false, "a b\n")] {
            let (output, mut screen) = tokio::io::duplex(1024);
            let mut post = Post::plain(crate::inbound::room(), "a b", "1");
            post.marked = Some("a \u{1b}[1mb\u{1b}[22m".into());

            Screen::new(output, Style { prompt: false, colours }).show(&post).await.unwrap();

            let mut shown = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut screen, &mut shown).await.unwrap();
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn escapes_do_nothing() {
        assert_eq!(inert("a\u{1b}[2Jb\u{7}\0\u{9b}c\r\n\td", false), "a[2Jbc\n\td");
        assert_eq!(inert("a\u{1b}]0;title\u{7}", true), "a]0;title");
    }

    #[test]
    fn marks_are_shown_only_where_they_are_wanted() {
        assert_eq!(inert("\u{1b}[1;31mred\u{1b}[0m", true), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(inert("\u{1b}[1;31mred\u{1b}[0m", false), "[1;31mred[0m");
        assert_eq!(inert("\u{1b}[1;31", true), "[1;31");
    }
}
