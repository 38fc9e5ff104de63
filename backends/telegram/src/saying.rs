//! Orders, carried out: each is one call, or two where a file and its text do not fit into one.

use std::time::Duration;

use fulmar_contract::{File, MessageId, Offered, Order, Post, Receipt, Undelivered};
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use teloxide::{
    payloads::{GetMyCommands, SetMessageReaction, SetMyCommands},
    types::{BotCommand, ChatId, MessageId as Number, ReactionType},
};

use crate::{
    fault::Fault,
    outbound::{self, Manner, Text},
    place::{self, Place, message_id},
    session::Session,
};

impl Session<'_> {
    /// Carries an order out and says what became of it. Returns how long Telegram wants nothing more of the kind.
    pub(crate) async fn carry_out(&self, order: Order) -> Option<Duration> {
        // Who gave an order may have stopped listening for its outcome.
        match order {
            Order::Edit { message, post, receipt } => {
                let (outcome, rest) = apart(self.edit(&message, &post).await);
                drop(receipt.send(outcome));
                rest
            }
            Order::Offer { commands, done } => {
                let outcome = self.offer(&commands).await;
                let rest = outcome.as_ref().err().and_then(Fault::rest);
                drop(done.send(outcome.map_err(|fault| fault.to_string())));
                rest
            }
            Order::Post { post, receipt } => {
                let (outcome, rest) = apart(self.post(&post).await);
                drop(receipt.send(outcome));
                rest
            }
            Order::React { message, emoji, done, .. } => {
                let outcome = self.react(&message, emoji.as_deref()).await;
                let rest = outcome.as_ref().err().and_then(Fault::rest);
                drop(done.send(outcome.map_err(|fault| fault.to_string())));
                rest
            }
            order @ (Order::Join { .. } | Order::Leave { .. }) => {
                order.refuse("only people can let a bot into a chat");
                None
            }
        }
    }

    /// Writes a post, in the supergroup that its group has become if need be.
    async fn post(&self, post: &Post) -> Result<Receipt, Trouble> {
        let place = Place::read(post.room.as_str()).ok_or_else(|| Trouble::refused("that is no chat"))?;
        let mut place = Place { chat: self.rooms.now(place.chat), ..place };
        let mut outcome = self.write(post, place).await;
        if let Some(to) = outcome.as_ref().err().and_then(Trouble::moved_to) {
            // If the gateway listens no more, the session ends soon.
            drop(self.moved(place.chat, to).await);
            place.chat = to;
            outcome = self.write(post, place).await;
        }
        if let Err(Trouble::Fault(fault)) = &outcome
            && let Some(why) = fault.outside()
        {
            drop(self.left(place.chat, why).await);
        }
        outcome.map(|id| Receipt { id: Some(message_id(place.chat, id)) })
    }

    async fn write(&self, post: &Post, place: Place) -> Result<i32, Trouble> {
        let (text, manner) = (outbound::text(post), outbound::manner(post, place));
        let Some(file) = &post.file else { return self.tell(place.chat, text, &manner).await };
        if text.length <= outbound::LONGEST_CAPTION {
            return Ok(self.upload(place.chat, file, Some(text), &manner).await?);
        }
        let id = self.tell(place.chat, text, &manner).await?;
        let halfway = |fault: Fault| Fault::Unclear(format!("its text was taken, its file not: {fault}"));
        self.upload(place.chat, file, None, &manner).await.map_err(halfway)?;
        Ok(id)
    }

    async fn tell(&self, chat: i64, text: Text, manner: &Manner) -> Result<i32, Trouble> {
        outbound::check(&text).map_err(Trouble::Hopeless)?;
        let Sent { message_id } = self.api.call(&outbound::message(chat, text, manner)).await?;
        Ok(message_id)
    }

    async fn upload(&self, chat: i64, file: &File, caption: Option<Text>, manner: &Manner) -> Result<i32, Fault> {
        let Sent { message_id } = self.api.upload("sendDocument", form(chat, file, caption, manner)).await?;
        Ok(message_id)
    }

    async fn edit(&self, message: &MessageId, post: &Post) -> Result<Receipt, Trouble> {
        let (chat, number) = place::message(message).ok_or_else(|| Trouble::refused("that is no message"))?;
        let (text, manner) = (outbound::text(post), outbound::manner(post, Place::whole(chat)));
        outbound::check(&text).map_err(Trouble::Hopeless)?;
        let edited: Result<IgnoredAny, Fault> = self.api.call(&outbound::edit(chat, number, text, &manner)).await;
        match edited {
            Err(fault) if !fault.is_unmodified() => Err(fault.into()),
            Ok(_) | Err(_) => Ok(Receipt { id: Some(message.clone()) }),
        }
    }

    async fn react(&self, message: &MessageId, emoji: Option<&str>) -> Result<(), Fault> {
        let unknown = || Fault::Unsent("that is no message".into());
        let (chat, number) = place::message(message).ok_or_else(unknown)?;
        let reactions = emoji.map(|emoji| ReactionType::Emoji { emoji: outbound::emoji(emoji) });
        let mut call = SetMessageReaction::new(ChatId(chat), Number(number));
        call.reaction = Some(reactions.into_iter().collect());
        let _: IgnoredAny = self.api.call(&call).await?;
        Ok(())
    }

    /// Offers commands, unless they are offered already: Telegram limits how often they change.
    async fn offer(&self, offered: &[Offered]) -> Result<(), Fault> {
        let commands = outbound::commands(offered);
        let now: Vec<BotCommand> = self.api.call(&GetMyCommands::new()).await?;
        if now != commands {
            let _: IgnoredAny = self.api.call(&SetMyCommands::new(commands)).await?;
        }
        Ok(())
    }
}

/// A file as `sendDocument` takes it.
fn form(chat: i64, file: &File, caption: Option<Text>, manner: &Manner) -> Form {
    let part = || Part::bytes(file.content.to_vec()).file_name(file.name.clone());
    let part = part().mime_str(&file.media_type).unwrap_or_else(|_| part());
    let mut form = Form::new().text("chat_id", chat.to_string()).part("document", part);
    if let Some(caption) = caption.filter(|caption| !caption.written.trim().is_empty()) {
        form = form.text("caption", caption.written);
        form = if caption.is_marked { form.text("parse_mode", "HTML") } else { form };
    }
    if let Some(topic) = manner.topic {
        form = form.text("message_thread_id", topic.to_string());
    }
    if let Some(message) = manner.answers {
        let reply = json!({"message_id": message, "allow_sending_without_reply": true});
        form = form.text("reply_parameters", reply.to_string());
    }
    for (key, is_so) in [("disable_notification", manner.is_silent), ("protect_content", manner.is_protected)] {
        form = if is_so { form.text(key, "true") } else { form };
    }
    form
}

/// Why something was not written.
enum Trouble {
    Fault(Fault),
    /// It was not even tried.
    Hopeless(Undelivered),
}

impl Trouble {
    fn refused(why: &str) -> Self {
        Self::Hopeless(Undelivered::Refused { why: why.to_owned() })
    }

    const fn moved_to(&self) -> Option<i64> {
        match self {
            Self::Fault(fault) => fault.moved_to(),
            Self::Hopeless(_) => None,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What became of a message, and how long to stay away from its chat.
fn apart(outcome: Result<Receipt, Trouble>) -> (Result<Receipt, Undelivered>, Option<Duration>) {
    match outcome {
        Ok(receipt) => (Ok(receipt), None),
        Err(Trouble::Fault(fault)) => {
            let rest = fault.rest();
            (Err(fault.undelivered()), rest)
        }
        Err(Trouble::Hopeless(undelivered)) => (Err(undelivered), None),
    }
}

/// A message that Telegram took.
#[derive(Deserialize)]
struct Sent {
    message_id: i32,
}
