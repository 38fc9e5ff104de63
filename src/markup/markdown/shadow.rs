//! What of a text is no Markdown though a parser would take it for that.
//!
//! The parser is given a shadow of the text, equally long, in which each such character is a comma; what people read is
//! taken from the text itself. So the output of programs stays what it is: `__init__`, `2*3*4`, indentation, `<tags>`,
//! lines of dashes, `C:\path`, patterns as `*.txt`.

use crate::markup::build::is_language;

/// The shadow of a text.
pub(super) fn cast(text: &str) -> String {
    let mut caster = Caster { out: text.as_bytes().to_vec(), quoted: false, in_list: false, after_text: false };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        caster.line(line.trim_end_matches('\n'), start);
        start += line.len();
    }
    String::from_utf8(caster.out).unwrap_or_else(|_| text.to_owned())
}

/// What stands at the beginning of a line, less its indentation.
enum Start {
    /// A bullet or a number, whose text begins so many bytes later.
    Item(usize),
    /// A quote's sign, after which its text begins.
    Quote(usize),
    Other,
}

struct Caster {
    /// Whether the line stands in a quote.
    quoted: bool,
    out: Vec<u8>,
    /// Whether indented lines belong to a list.
    in_list: bool,
    /// Whether the line before has text.
    after_text: bool,
}

impl Caster {
    /// Has the parser see nothing in the byte at `at`, which is one of ASCII's.
    fn hide(&mut self, at: usize) {
        if let Some(byte) = self.out.get_mut(at).filter(|byte| byte.is_ascii()) {
            *byte = b',';
        }
    }

    fn hide_all(&mut self, from: usize, count: usize) {
        (from..from + count).for_each(|at| self.hide(at));
    }

    fn line(&mut self, line: &str, start: usize) {
        let (mut rest, mut at, mut quotes) = (line, start, 0);
        while let Start::Quote(length) = start_of(rest) {
            if quotes == MOST_QUOTES {
                break;
            }
            let (_, after) = rest.split_at_checked(length).unwrap_or(("", ""));
            (rest, at, quotes) = (after, at + length, quotes + 1);
        }
        self.quoted = quotes > 0;
        if rest.trim().is_empty() {
            self.after_text = false;
            return;
        }
        self.unquoted(rest, at);
        self.after_text = true;
    }

    /// A line with text, less the signs of quotes.
    fn unquoted(&mut self, line: &str, at: usize) {
        let words = line.trim_start();
        if is_delimiter(words) {
            return;
        }
        let (indent, text) = (line.len() - words.len(), at + line.len() - words.len());
        let is_item = matches!(start_of(words), Start::Item(_)) && (indent <= 3 || self.in_list);
        self.in_list = is_item || (self.in_list && indent >= 2);
        if indent > 0 && !self.in_list {
            self.hide(at);
        }
        match start_of(words) {
            Start::Item(length) if is_item => {
                let (_, after) = words.split_at_checked(length).unwrap_or(("", ""));
                if matches!(start_of(after), Start::Item(_)) || is_bare_sign(after) || is_across(words, 1) {
                    self.hide(text);
                    self.in_list = self.in_list && indent >= 2;
                } else if matches!(start_of(after), Start::Quote(_)) || after.starts_with(char::is_whitespace) {
                    // An item's own white space is one character; more would be code.
                    self.hide(text + length);
                }
                return self.within(after, text + length);
            }
            Start::Item(_) | Start::Quote(_) => self.hide(text),
            Start::Other if words.starts_with('>') => self.hide(text),
            Start::Other => {}
        }
        let is_underline = is_underline(words) && (self.after_text || !is_across(words, 3));
        let is_broken = is_bare_sign(words) || (is_across(words, 1) && !is_across(words, 3));
        let is_definition = words.starts_with('[') && words.contains("]:");
        if is_underline || is_broken || is_definition || (words.starts_with('#') && !is_heading(words)) {
            self.hide(text);
        }
        self.within(words, text);
    }

    /// What stands within a line.
    fn within(&mut self, line: &str, start: usize) {
        let fence = line.len() - line.trim_start_matches(['`', '~']).len();
        let info = line.get(fence..).unwrap_or_default().trim();
        let is_fence = fence >= 3 && (info.is_empty() || is_language(info)) && (self.in_list || self.quoted);
        let fence = if is_fence { fence } else { 0 };
        let ticks = Ticks::of(line, fence);
        let bytes = line.as_bytes();
        let mut at = fence;
        while let Some(byte) = bytes.get(at) {
            at += match byte {
                b'`' => self.ticks(&ticks, line, start, at),
                b'\\' => self.backslash(bytes, start, at),
                b'<' if is_autolink(line.get(at..).unwrap_or_default()) => 1,
                b'&' | b'<' => {
                    self.hide(start + at);
                    1
                }
                b'*' | b'_' | b'~' => self.mark(line, start, at),
                b'h' if is_address(line, at) => self.address(line, start, at),
                b'A'..=b'Z' | b'a'..=b'z' if is_path(bytes, at) => self.address(line, start, at),
                _ => 1,
            };
        }
    }

    /// Code within a line, or a backtick that is none.
    fn ticks(&mut self, ticks: &Ticks, line: &str, start: usize, at: usize) -> usize {
        let length = run_at(line.as_bytes(), at);
        if let Some(end) = ticks.end(at, length) {
            let inside = line.get(at + length..end).unwrap_or_default();
            // As GNU's programs quote: `this' and `that'.
            let is_quotation = inside.ends_with(' ') && !inside.starts_with(' ');
            if !is_quotation && !inside.trim().is_empty() {
                return end + length - at;
            }
        }
        self.hide_all(start + at, length);
        length
    }

    fn backslash(&mut self, bytes: &[u8], start: usize, at: usize) -> usize {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let before = bytes.get(..at).unwrap_or_default();
        let at_start = before.iter().all(|byte| byte.is_ascii_whitespace() || byte.is_ascii_digit());
        let escapes = match next {
            b'*' | b'_' | b'`' | b'~' | b'[' | b']' | b'|' | b'<' => true,
            b'#' | b'+' | b'-' | b'.' | b'>' | b')' => at_start,
            _ => false,
        };
        if escapes {
            return 2;
        }
        self.hide(start + at);
        if next == b'\\' {
            self.hide(start + at + 1);
            return 2;
        }
        1
    }

    /// A run of `*`, `_` or `~`.
    fn mark(&mut self, line: &str, start: usize, at: usize) -> usize {
        let bytes = line.as_bytes();
        let (mark, length) = (bytes.get(at).copied().unwrap_or_default(), run_at(bytes, at));
        if let Some(name) = dunder(line, at) {
            self.hide_all(start + at, name);
            return name;
        }
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
        let after = bytes.get(at + length).copied().unwrap_or_default();
        let inside = before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric();
        let by_digit = before.is_ascii_digit() || after.is_ascii_digit();
        let is_text = match mark {
            b'~' => length != 2,
            _ => length > 3 || (inside && (length == 1 || by_digit)),
        };
        if is_text {
            self.hide_all(start + at, length);
        }
        length
    }

    /// An address or a path as it is written: nothing in it is a mark.
    fn address(&mut self, line: &str, start: usize, at: usize) -> usize {
        let rest = line.get(at..).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '`' | '|' | ')' | ']' | '"');
        let address = rest.split(ends).next().unwrap_or_default();
        let is_path = is_path(line.as_bytes(), at);
        let address = if is_path {
            address
        } else {
            address.trim_end_matches(['*', '_', '~', '.', ',', ':', ';', '!', '?', '\''])
        };
        for (offset, byte) in address.bytes().enumerate() {
            if matches!(byte, b'*' | b'_' | b'~' | b'&' | b'\\') {
                self.hide(start + at + offset);
            }
        }
        address.len().max(1)
    }
}

/// Where the runs of backticks in a line are, so that each is looked for once.
struct Ticks(Vec<(usize, usize)>);

impl Ticks {
    fn of(line: &str, from: usize) -> Self {
        let (mut ticks, mut at) = (Vec::new(), from);
        while let Some(found) = line.get(at..).and_then(|rest| rest.find('`')) {
            let length = run_at(line.as_bytes(), at + found);
            ticks.push((at + found, length));
            at += found + length;
        }
        // By length, then place.
        ticks.sort_unstable_by_key(|(at, length)| (*length, *at));
        Self(ticks)
    }

    /// Where the next run of this length is.
    fn end(&self, at: usize, length: usize) -> Option<usize> {
        let next = self.0.partition_point(|(other, of)| (*of, *other) <= (length, at));
        self.0.get(next).filter(|(_, of)| *of == length).map(|(end, _)| *end)
    }
}

fn start_of(text: &str) -> Start {
    let Some(first) = text.chars().next() else { return Start::Other };
    match first {
        '>' => match text.as_bytes().get(1) {
            None => Start::Quote(1),
            Some(b' ') => Start::Quote(2),
            Some(_) => Start::Other,
        },
        '-' | '*' | '+' => item(text, 1),
        '0'..='9' => {
            let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let is_number = digits <= 9 && matches!(text.as_bytes().get(digits), Some(b'.' | b')'));
            if is_number { item(text, digits + 1) } else { Start::Other }
        }
        _ => Start::Other,
    }
}

/// Whether it is the sign of an item without text.
fn is_bare_sign(words: &str) -> bool {
    let words = words.trim();
    let sign = words.trim_start_matches(|c: char| c.is_ascii_digit());
    if sign.len() < words.len() { matches!(sign, "." | ")") } else { matches!(sign, "-" | "*" | "+") }
}

/// An item with text, if white space follows its sign of `length` bytes.
fn item(text: &str, length: usize) -> Start {
    let after = text.get(length..).unwrap_or_default();
    if after.starts_with([' ', '\t']) && !after.trim().is_empty() { Start::Item(length + 1) } else { Start::Other }
}

/// Whether a line that begins with `#` is a heading with text in it.
fn is_heading(words: &str) -> bool {
    let text = words.trim_start_matches('#');
    words.len() - text.len() <= 6 && text.starts_with([' ', '\t']) && !text.trim().trim_matches('#').is_empty()
}

/// Whether a line can be the one below a table's head.
fn is_delimiter(words: &str) -> bool {
    words.contains('|')
        && words.contains('-')
        && words.bytes().all(|byte| matches!(byte, b'|' | b':' | b'-' | b' '))
}

/// Whether a line is nothing but the signs that underline a heading.
fn is_underline(words: &str) -> bool {
    let words = words.trim_end();
    words.bytes().all(|byte| byte == b'=') || words.bytes().all(|byte| byte == b'-')
}

/// Whether a line is nothing but `least` or more of a sign of which three are a line across.
fn is_across(words: &str, least: usize) -> bool {
    let words = words.trim_end();
    let mut signs = words.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let Some(first) = signs.next().filter(|sign| matches!(sign, b'-' | b'*' | b'_' | b'+')) else { return false };
    signs.all(|sign| sign == first) && (least == 1 || (words.len() >= least && !words.contains([' ', '\t'])))
}

fn run_at(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| rest.first() == Some(byte)).count()
}

/// The length of a name as `__init__` at `at`.
fn dunder(line: &str, at: usize) -> Option<usize> {
    let name = line.get(at..)?.strip_prefix("__")?;
    let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let inner = name.get(..length)?;
    let is_name = inner.len() > 2 && inner.ends_with("__") && !inner.starts_with('_');
    is_name.then_some(length + 2)
}

/// Whether an address stands between `<` and `>` at the beginning.
fn is_autolink(text: &str) -> bool {
    let Some((address, _)) =
        text.get(1..).and_then(|text| text.get(..text.len().min(2048)).unwrap_or(text).split_once('>'))
    else {
        return false;
    };
    let scheme = address.split(':').next().unwrap_or_default();
    let is_address = address.len() > scheme.len() + 1
        && scheme.len() >= 2
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_address && !address.contains(['<', ' ', '\n'])
}

fn is_address(line: &str, at: usize) -> bool {
    let rest = line.get(at..).unwrap_or_default();
    rest.starts_with("http://") || rest.starts_with("https://")
}

/// Whether a path of Windows' begins there.
fn is_path(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    bytes.get(at + 1..at + 3) == Some(b":\\") && !before.is_some_and(u8::is_ascii_alphanumeric)
}

/// How deep quotes may stand in each other.
const MOST_QUOTES: usize = 6;
