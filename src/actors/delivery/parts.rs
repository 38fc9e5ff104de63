//! Cutting a delivery into posts that its chat takes. Pure.

use std::sync::Arc;

use fulmar_contract::{Capabilities, File, Limit, Markup, Mention, Post, Tone, split};
use serde::de::IgnoredAny;

use super::{item::REPEATED, load::is_cut};
use crate::{
    journal::Delivery,
    markup::{self, Look, Part},
};

/// What the posts for a chat have to be like.
#[derive(Debug)]
pub(super) struct Terms {
    /// The kind of network.
    pub(super) kind: &'static str,
    pub(super) capabilities: Capabilities,
    /// What commands begin with.
    pub(super) prefixes: Arc<[String]>,
    /// How many posts one delivery may take.
    pub(super) most: usize,
    /// Whether a text may call everybody in the room.
    pub(super) calls_all: bool,
}

impl Terms {
    /// The posts that say `delivery`: as many as may be, then one that says how much was left out; or, where there are
    /// files, its beginning and all of it as a file.
    pub(super) fn posts(&self, delivery: &Delivery) -> Vec<Post> {
        let mention = delivery.mention.as_ref().and_then(|mention| self.mention(mention));
        let tone = self.tone(delivery);
        let extra = delivery.extra.get(self.kind).cloned().unwrap_or_default();
        let (parts, mut file) = self.says(delivery, mention.as_ref());
        let last = parts.len().saturating_sub(1);
        let post = |(number, Part { text, marked }): (usize, Part)| Post {
            room: delivery.route.room.clone(),
            thread: delivery.route.thread.clone().filter(|_| self.capabilities.threads),
            mention: mention.clone().filter(|_| number == 0),
            answers: delivery.answers.clone().filter(|_| number == 0 && self.capabilities.replies),
            text,
            marked,
            file: if number == last { file.take() } else { None },
            tone,
            extra: extra.clone(),
            key: format!("{}.{number}", delivery.id),
        };
        parts.into_iter().enumerate().map(post).collect()
    }

    /// The mention, whose name is only a name; none if it would take most of a post.
    fn mention(&self, Mention { identity, name }: &Mention) -> Option<Mention> {
        let mention = Mention { identity: identity.clone(), name: markup::name(name, &self.prefixes) };
        (2 * self.width_of(&mention) <= self.capabilities.limit.max).then_some(mention)
    }

    /// The tone that the alias asks for as hubot-stackstorm has it, in `extra.color`, its network's own `color` or that of
    /// its attachment; else the delivery's.
    fn tone(&self, delivery: &Delivery) -> Tone {
        if !self.capabilities.colours {
            return Tone::Neutral;
        }
        markup::tone(&delivery.extra, self.kind).unwrap_or(delivery.tone)
    }

    /// What the posts say, and the file that the last of them has.
    fn says(&self, delivery: &Delivery, mention: Option<&Mention>) -> (Vec<Part>, Option<File>) {
        let look = self.look();
        let document = markup::document(&delivery.text, delivery.format, &delivery.extra, &look);
        let (passages, mut parts, mut left_out) = (document.passages(&look), Vec::new(), 0);
        let reserve = mention.map_or(0, |mention| self.width_of(mention));
        for passage in 0..passages {
            if parts.len() >= self.most {
                left_out += passages - passage;
                break;
            }
            let limit = self.limit(if passage == 0 { reserve } else { 0 });
            let (some, all) = document.parts(passage, &look, limit, self.most - parts.len());
            left_out = all - some.len();
            parts.extend(some);
        }
        if left_out == 0 {
            return (parts, None);
        }
        if let Some((file, caption)) = self.file(delivery) {
            let mut parts: Vec<Part> = document.beginning(&look, self.limit(reserve)).into_iter().collect();
            parts.push(caption);
            return (parts, Some(file));
        }
        parts.extend(self.closing(delivery, left_out));
        (parts, None)
    }

    /// All of it as a file, and what is said with it, if the network takes such a file.
    fn file(&self, delivery: &Delivery) -> Option<(File, Part)> {
        let largest = usize::try_from(self.capabilities.files?).unwrap_or(usize::MAX);
        let look = Look { calls_all: true, markup: Markup::Plain, ..self.look() };
        let (text, language) =
            markup::document(&delivery.text, delivery.format, &delivery.extra, &look).whole(&look);
        let is_json = text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&text).is_ok();
        let (name, media_type) = match language.as_deref() {
            _ if is_json => ("result.json", "application/json"),
            Some("yaml" | "yml") => ("result.yaml", "text/plain"),
            Some("diff") => ("result.diff", "text/plain"),
            _ => ("result.txt", "text/plain"),
        };
        let lines = text.lines().count();
        let what = if is_cut(&delivery.text) { format!("the first {lines}") } else { format!("all {lines}") };
        let caption = format!("… {what} lines are in {name}");
        let link = delivery.link.as_ref().map(|link| format!("{caption}, and here: {link}"));
        let text_of = link.filter(|text| self.limit(0).admits(text)).unwrap_or(caption);
        let file = File { name: name.into(), media_type: media_type.into(), content: text.into_bytes().into() };
        (file.content.len() <= largest).then_some((file, Part { text: text_of, marked: None }))
    }

    /// How its texts look.
    pub(super) fn look(&self) -> Look<'_> {
        let Capabilities { markup, limit, counts, multiline, .. } = self.capabilities;
        Look {
            kind: self.kind,
            markup,
            limit,
            counts,
            multiline,
            triggers: &self.prefixes,
            calls_all: self.calls_all,
        }
    }

    /// How long a text may be, less `reserve` and what may come before it when it is repeated.
    fn limit(&self, reserve: usize) -> Limit {
        let Limit { max, unit } = self.capabilities.limit;
        let repeated = if self.capabilities.idempotent { 0 } else { REPEATED.len() };
        let reserve = self.look().twice_if_both(reserve + repeated);
        Limit { max: max.saturating_sub(reserve).max(1), unit }
    }

    /// How much space a network may need to name somebody.
    fn width_of(&self, Mention { identity, name }: &Mention) -> usize {
        let unit = self.capabilities.limit.unit;
        unit.measure(name).max(unit.measure(identity.as_str())) + AROUND_MENTION
    }

    /// What is said in the place of what was left out, and where to find it.
    fn closing(&self, delivery: &Delivery, left_out: usize) -> Vec<Part> {
        let part = if self.capabilities.multiline { "part" } else { "line" };
        let plural = if left_out == 1 { " was" } else { "s were" };
        let least = if is_cut(&delivery.text) { "at least " } else { "" };
        let count = format!("… {least}{left_out} more {part}{plural} left out");
        let link = delivery.link.as_ref().map(|link| format!("{count}: {link}"));
        let words = delivery.execution.as_ref().map(|id| format!("{count}: st2 execution get {id}"));
        let limit = self.limit(0);
        let closing = [link, words].into_iter().flatten().find(|text| limit.admits(text));
        let closing = closing.unwrap_or_else(|| format!("{count}."));
        split(&closing, limit).into_iter().map(|text| Part { text: text.to_owned(), marked: None }).collect()
    }
}

/// What may stand around a name: at most `<@` and `> `.
const AROUND_MENTION: usize = 4;

#[cfg(test)]
mod tests;
