//! Cutting a delivery into posts that its chat takes. Pure.

use std::{collections::VecDeque, mem};

use fulmar_contract::{Capabilities, Limit, Mention, Post, Tone, split};
use serde_json::Value;

use super::{
    item::REPEATED,
    load::is_cut,
    plain::{guarded, plain},
};
use crate::journal::Delivery;

/// What the posts for a chat have to be like.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    /// The kind of network.
    pub(super) kind: &'a str,
    pub(super) capabilities: Capabilities,
    /// What commands begin with.
    pub(super) prefixes: &'a [String],
    /// How many posts one delivery may take.
    pub(super) most: usize,
}

impl Terms<'_> {
    /// The posts that say `delivery`: as many as may be, then one that says how much was left out.
    pub(super) fn posts(&self, delivery: &Delivery) -> Vec<Post> {
        let mention = delivery.mention.as_ref().and_then(|mention| self.mention(mention));
        let tone = self.tone(delivery);
        let extra = delivery.extra.get(self.kind).cloned().unwrap_or_default();
        let post = |(number, text)| Post {
            room: delivery.route.room.clone(),
            thread: delivery.route.thread.clone().filter(|_| self.capabilities.threads),
            mention: mention.clone().filter(|_| number == 0),
            answers: delivery.answers.clone().filter(|_| number == 0 && self.capabilities.replies),
            text,
            marked: None,
            file: None,
            tone,
            extra: extra.clone(),
            key: format!("{}.{number}", delivery.id),
        };
        self.texts(delivery, mention.as_ref()).into_iter().enumerate().map(post).collect()
    }

    /// The mention, whose name is only a name; none if it would take most of a post.
    fn mention(&self, Mention { identity, name }: &Mention) -> Option<Mention> {
        let name = guarded(&plain(name).replace('\n', " "), self.prefixes).into_owned();
        let mention = Mention { identity: identity.clone(), name };
        (2 * self.width_of(&mention) <= self.capabilities.limit.max).then_some(mention)
    }

    /// The tone that the alias asks for as hubot-stackstorm has it, in `extra.color` or in its network's own `color`; else
    /// the delivery's.
    fn tone(&self, delivery: &Delivery) -> Tone {
        if !self.capabilities.colours {
            return Tone::Neutral;
        }
        let extra = &delivery.extra;
        let asked = |extra: &Value| Tone::named(extra.get("color")?.as_str()?);
        extra.get(self.kind).and_then(asked).or_else(|| asked(extra)).unwrap_or(delivery.tone)
    }

    fn texts(&self, delivery: &Delivery, mention: Option<&Mention>) -> Vec<String> {
        // What stands before `{~}` is to stand above the rest; where there are no attachments, that is a line of its own.
        let text = plain(&delivery.text).replace("{~}", "\n");
        let mut passages: VecDeque<&str> = if self.capabilities.multiline {
            [text.trim_start_matches('\n')].into()
        } else {
            text.lines().filter(|line| !line.trim().is_empty()).collect()
        };
        let (mut texts, mut left_out) = (Vec::new(), 0);
        let mut reserve = mention.map_or(0, |mention| self.width_of(mention));
        while texts.len() < self.most
            && let Some(passage) = passages.pop_front()
        {
            let passage = guarded(passage, self.prefixes);
            let cut = Cut::new(&passage, self.limit(mem::take(&mut reserve)));
            let before = texts.len();
            texts.extend(cut.texts(self.most - before));
            left_out = before + cut.parts.len() - texts.len();
        }
        left_out += passages.len();
        if left_out > 0 {
            texts.extend(self.closing(delivery, left_out));
        }
        texts
    }

    /// How long a text may be, less `reserve` and what may come before it when it is repeated.
    fn limit(&self, reserve: usize) -> Limit {
        let Limit { max, unit } = self.capabilities.limit;
        let repeated = if self.capabilities.idempotent { 0 } else { REPEATED.len() };
        Limit { max: max.saturating_sub(reserve + repeated).max(1), unit }
    }

    /// How much space a network may need to name somebody.
    fn width_of(&self, Mention { identity, name }: &Mention) -> usize {
        let unit = self.capabilities.limit.unit;
        unit.measure(name).max(unit.measure(identity.as_str())) + AROUND_MENTION
    }

    /// What is said in the place of what was left out, and where to find it.
    fn closing(&self, delivery: &Delivery, left_out: usize) -> Vec<String> {
        let part = if self.capabilities.multiline { "part" } else { "line" };
        let plural = if left_out == 1 { " was" } else { "s were" };
        let least = if is_cut(&delivery.text) { "at least " } else { "" };
        let count = format!("… {least}{left_out} more {part}{plural} left out");
        let link = delivery.link.as_ref().map(|link| format!("{count}: {link}"));
        let words = delivery.execution.as_ref().map(|id| format!("{count}: st2 execution get {id}"));
        let limit = self.limit(0);
        let closing = [link, words].into_iter().flatten().find(|text| limit.admits(text));
        split(&closing.unwrap_or_else(|| format!("{count}.")), limit).into_iter().map(str::to_owned).collect()
    }
}

/// A passage, cut into parts that fit.
#[derive(Debug)]
struct Cut<'a> {
    parts: Vec<&'a str>,
    numbered: bool,
}

impl<'a> Cut<'a> {
    /// Cuts `passage`, if it has to be, with space for the numbers of its parts. Where numbers would take most of a
    /// post, there are none.
    fn new(passage: &'a str, limit: Limit) -> Self {
        let mut parts = split(passage, limit);
        let mut digits = 0;
        while parts.len() > 1 && digits < digits_of(parts.len()) {
            digits = digits_of(parts.len());
            let width = "(/) ".len() + 2 * digits;
            if limit.max < 2 * width {
                return Self { parts, numbered: false };
            }
            parts = split(passage, Limit { max: limit.max - width, ..limit });
        }
        let numbered = digits > 0;
        Self { parts, numbered }
    }

    /// The first `most` parts, with their numbers.
    fn texts(&self, most: usize) -> impl Iterator<Item = String> {
        let of = self.parts.len();
        let text = move |(part, number): (&&str, usize)| {
            if self.numbered { format!("({number}/{of}) {part}") } else { (*part).to_owned() }
        };
        self.parts.iter().zip(1..).take(most).map(text)
    }
}

fn digits_of(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// What may stand around a name: at most `<@` and `> `.
const AROUND_MENTION: usize = 4;

#[cfg(test)]
mod tests;
