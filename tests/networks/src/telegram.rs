//! Somebody on Telegram: a person by the stand-in's own routes, or a bot by the Bot API.

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    Outcome,
    client::{Client, Ends, Said, Words},
    http::Caller,
};

/// A person in `chats`, who hears what the bot says there.
pub(crate) fn person(url: &str, author: i64, chats: &[i64]) -> Client {
    let (caller, chats) = (Caller::new(url), chats.to_vec());
    Client::run(move |ends| async move {
        let Ends { mut words, heard } = ends;
        let mut tasks = tokio::task::JoinSet::new();
        for chat in chats {
            tasks.spawn(follow(caller.another(), chat, heard.clone()));
        }
        let mut caller = caller;
        while let Some(words) = words.recv().await {
            let (chat, topic) = place(&words)?;
            let wish = json!({"chat": chat, "author": author, "text": words.text, "topic": topic});
            let answer = caller.call("POST", "/peer/say", &wish).await?;
            words.written.send(answer["message"].to_string()).unwrap_or_default();
        }
        Ok(())
    })
}

async fn follow(mut caller: Caller, chat: i64, heard: mpsc::Sender<Said>) -> Outcome<()> {
    loop {
        let answer = caller.call("POST", "/peer/next", &json!({"chat": chat})).await?;
        if let Some(said) = said(chat, &answer["posted"], "bot") {
            heard.send(said).await?;
        }
    }
}

/// The bot that has `token`.
pub(crate) fn bot(url: &str, token: &str) -> Client {
    let (caller, token) = (Caller::new(url), token.to_owned());
    Client::run(move |ends| async move {
        let Ends { mut words, heard } = ends;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(poll(caller.another(), token.clone(), heard));
        let mut caller = caller;
        while let Some(words) = words.recv().await {
            let (chat, topic) = place(&words)?;
            let mut wish = json!({"chat_id": chat, "text": words.text});
            if let Some(topic) = topic {
                wish["message_thread_id"] = json!(topic);
            }
            let answer = caller.call("POST", &format!("/bot{token}/sendMessage"), &wish).await?;
            words.written.send(answer["result"]["message_id"].to_string()).unwrap_or_default();
        }
        Ok(())
    })
}

async fn poll(mut caller: Caller, token: String, heard: mpsc::Sender<Said>) -> Outcome<()> {
    let mut offset = 0;
    loop {
        let wish = json!({"offset": offset, "timeout": 30});
        let answer = caller.call("POST", &format!("/bot{token}/getUpdates"), &wish).await?;
        for update in answer["result"].as_array().into_iter().flatten() {
            offset = update["update_id"].as_i64().map_or(offset, |id| id + 1);
            let message = &update["message"];
            let chat = message["chat"]["id"].as_i64().unwrap_or_default();
            let by = message["from"]["id"].to_string();
            let topic = message.get("message_thread_id").cloned().unwrap_or_default();
            let message = json!({"text": message["text"], "topic": topic});
            if let Some(said) = said(chat, &message, &by) {
                heard.send(said).await?;
            }
        }
    }
}

fn said(chat: i64, message: &Value, by: &str) -> Option<Said> {
    let thread = message["topic"].as_i64().map(|topic| topic.to_string());
    let text = message["text"].as_str()?.to_owned();
    Some(Said { room: chat.to_string(), thread, by: by.to_owned(), text })
}

fn place(words: &Words) -> Outcome<(i64, Option<i64>)> {
    let topic = words.thread.as_ref().map(|thread| thread.parse()).transpose()?;
    Ok((words.room.parse()?, topic))
}
