//! Python's regular expressions and replacement templates in the words of the engine that we have.

use std::iter::Peekable;
use std::str::Chars;

use fancy_regex::{Captures, Regex, RegexBuilder};

use crate::render::fault::{Outcome, raise, unsupported};
use crate::render::scope::{self, spend_text};

/// Steps that one search may take.
const STEPS: usize = 1_000_000;

/// The same, where others wait for it.
const BRIEF_STEPS: usize = 20_000;

/// The longest pattern, in bytes.
const LONGEST: usize = 4096;

/// The largest compiled pattern, in bytes; `\w` takes tens of thousands.
const LARGEST: usize = 8 << 20;

/// The same, where others wait for it.
const BRIEF_LARGEST: usize = 1 << 20;

/// Compiles a pattern of Python's `re`; `anchored` as for `re.match`.
pub(super) fn compile(pattern: &str, ignore_case: bool, anchored: bool) -> Outcome<Regex> {
    if pattern.len() > LONGEST {
        return Err(unsupported("so long a regular expression"));
    }
    // What compiling takes, in bytes of text.
    spend_text(LONGEST + pattern.len() * 64)?;
    let body = translate(pattern)?;
    let flags = if ignore_case { "(?i)" } else { "" };
    let whole = if anchored { format!("{flags}\\A(?:{body})") } else { format!("{flags}{body}") };
    let is_brief = scope::is_brief();
    let (steps, largest) = if is_brief { (BRIEF_STEPS, BRIEF_LARGEST) } else { (STEPS, LARGEST) };
    RegexBuilder::new(&whole).backtrack_limit(steps).delegate_size_limit(largest).build().map_err(|error| {
        match is_brief {
            true => scope::too_much(),
            false => raise("error", format!("the pattern cannot be compiled: {error}")),
        }
    })
}

fn translate(pattern: &str) -> Outcome<String> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let multiline =
        pattern.starts_with("(?") && pattern.split(')').next().is_some_and(|flags| flags.contains('m'));
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str(&escape(&mut chars, false)?),
            '[' => class(&mut chars, &mut out)?,
            '$' if !multiline => out.push_str("(?=\\n?\\z)"),
            '{' => out.push_str(&braces(&mut chars)),
            '}' => out.push_str("\\}"),
            '(' if chars.peek() == Some(&'?') => group(&mut chars, &mut out)?,
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Special groups: those that mean something else in Python are refused.
fn group(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Outcome<()> {
    let rest: String = chars.clone().skip(1).take(3).collect();
    let known = ["P<", "P=", ":", "=", "!", "<=", "<!", ">", "#", "i", "m", "s"];
    if !known.iter().any(|start| rest.starts_with(start)) {
        return Err(unsupported(format!("a group that starts with (?{rest}")));
    }
    if rest.starts_with('#') {
        for c in chars.by_ref() {
            if c == ')' {
                return Ok(());
            }
        }
        return Err(raise("error", "missing ), unterminated comment"));
    }
    out.push('(');
    Ok(())
}

fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool) -> Outcome<String> {
    let c = chars.next().ok_or_else(|| raise("error", "bad escape (end of pattern)"))?;
    Ok(match c {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'f' | 'v' | 'a' => format!("\\{c}"),
        'b' if in_class => "\\x08".to_owned(),
        'b' | 'B' | 'A' if !in_class => format!("\\{c}"),
        'Z' if !in_class => "\\z".to_owned(),
        'x' => format!("\\x{}", hex(chars, 2)?),
        'u' => format!("\\u{}", hex(chars, 4)?),
        '0' => return Err(unsupported("an octal escape")),
        '1'..='9' if in_class => return Err(unsupported("an octal escape")),
        c if c.is_ascii_digit() => format!("\\{c}"),
        c if c.is_ascii_alphabetic() => return Err(raise("error", format!("bad escape \\{c}"))),
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        c => c.to_string(),
    })
}

fn hex(chars: &mut Peekable<Chars<'_>>, length: usize) -> Outcome<String> {
    let digits: String = chars.take(length).collect();
    if digits.len() == length && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    Err(raise("error", format!("incomplete escape {digits}")))
}

fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Outcome<()> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(());
            }
            '\\' => out.push_str(&escape(chars, true)?),
            '[' | ']' | '&' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
        first = false;
    }
    Err(raise("error", "unterminated character set"))
}

/// A repetition, or braces that stand for themselves.
fn braces(chars: &mut Peekable<Chars<'_>>) -> String {
    let inside: String = chars.clone().take_while(|c| *c != '}').collect();
    let closed = chars.clone().any(|c| c == '}');
    let (low, high) = inside.split_once(',').unwrap_or((&inside, &inside));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if !closed || !digits(low) || !digits(high) || (low.is_empty() && (high.is_empty() || !inside.contains(','))) {
        return "\\{".to_owned();
    }
    for _ in 0..=inside.chars().count() {
        chars.next();
    }
    if low.is_empty() { format!("{{0,{high}}}") } else { format!("{{{inside}}}") }
}

/// Fills a replacement template; without captures it is only checked.
pub(super) fn expand(template: &str, regex: &Regex, captures: Option<&Captures<'_, str>>) -> Outcome<String> {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let c = chars.next().ok_or_else(|| raise("error", "bad escape (end of pattern)"))?;
        match c {
            'g' => out.push_str(filled(&name(&mut chars)?, regex, captures)?),
            '0' => return Err(unsupported("an octal escape")),
            '1'..='9' => {
                let mut number = c.to_string();
                number.extend(chars.next_if(char::is_ascii_digit));
                if chars.peek().is_some_and(char::is_ascii_digit) && number.len() == 2 {
                    return Err(unsupported("an octal escape"));
                }
                out.push_str(filled(&number, regex, captures)?);
            }
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            '\\' => out.push('\\'),
            c if c.is_ascii_alphabetic() => return Err(raise("error", format!("bad escape \\{c}"))),
            c => out.extend(['\\', c]),
        }
    }
    Ok(out)
}

fn name(chars: &mut Peekable<Chars<'_>>) -> Outcome<String> {
    if chars.next() != Some('<') {
        return Err(raise("error", "missing <"));
    }
    let name: String = chars.clone().take_while(|c| *c != '>').collect();
    for _ in 0..name.chars().count() {
        chars.next();
    }
    match chars.next() {
        Some('>') if !name.is_empty() => Ok(name),
        _ => Err(raise("error", "missing group name")),
    }
}

fn filled<'t>(name: &str, regex: &Regex, captures: Option<&Captures<'t, str>>) -> Outcome<&'t str> {
    let index = match name.parse::<usize>() {
        Ok(index) if index < regex.captures_len() => index,
        Ok(index) => return Err(raise("error", format!("invalid group reference {index}"))),
        Err(_) => match regex.capture_names().position(|known| known == Some(name)) {
            Some(index) => index,
            None => return Err(raise("IndexError", format!("unknown group name '{name}'"))),
        },
    };
    Ok(captures.and_then(|captures| captures.get(index)).map_or("", |group| group.as_str()))
}
