//! What is more than text: marks and files.

use std::sync::Arc;

use fulmar_contract::{File, Markup, Post};

use super::{Settled, settle};
use crate::Harness;

/// The marks of a post become the network's own: its text is shown, and what is marked bold is bold. Marks that stand in a
/// text without marks are only characters.
pub async fn marks_are_shown_and_text_is_only_text(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let markup = backend.capabilities().markup;
    let Some(bold) = bold(markup) else { return };
    let text = "all is well: 1 < 2 & 3 > 2";
    let marked = format!("all is {bold}: {}", inert(markup, "1 < 2 & 3 > 2"));

    let post = Post { marked: Some(marked.clone()), ..Post::plain(room.clone(), text, "marked") };
    let (receipt, seen) = tokio::join!(session.write(post), harness.peer_sees(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(seen.text, if markup == Markup::Styling { &marked } else { text });
    assert_eq!(seen.bold, ["well"]);

    let (receipt, seen) = tokio::join!(session.post(&room, &marked), harness.peer_sees(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(seen.text, marked.replace(|c: char| c.is_control(), ""));
    assert_eq!(seen.bold, [""; 0], "what is only text was obeyed");
}

/// A file arrives whole, under its name, with its caption.
pub async fn a_file_arrives_whole_with_its_name(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let Some(most) = backend.capabilities().files else { return };
    let length = usize::try_from(most.min(100_000)).unwrap_or_default();
    let content: Vec<u8> = b"\0\xff\r\n<&>--\n".iter().copied().cycle().take(length).collect();
    let file = File {
        name: "uptime-2.bin".into(),
        media_type: "application/octet-stream".into(),
        content: Arc::from(content),
    };

    let post = Post { file: Some(file.clone()), ..Post::plain(room.clone(), "all of it", "file") };
    let look = async {
        let mut texts = Vec::new();
        loop {
            let seen = harness.peer_sees(&room).await;
            texts.push(seen.text);
            if let Some(file) = seen.file {
                return (texts.join("\n"), file);
            }
        }
    };
    let (receipt, (text, seen)) = tokio::join!(session.write(post), look);

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(seen.name, file.name);
    assert!(seen.content == file.content, "it is not the same that arrived");
    assert!(text.contains("all of it"), "the caption is missing from {text:?}");
}

/// The word "well", marked bold.
const fn bold(markup: Markup) -> Option<&'static str> {
    match markup {
        Markup::Ansi => Some("\u{1b}[1mwell\u{1b}[0m"),
        Markup::Html => Some("<strong>well</strong>"),
        Markup::InlineHtml => Some("<b>well</b>"),
        Markup::Mirc => Some("\u{2}well\u{2}"),
        Markup::Plain => None,
        Markup::Styling => Some("*well*"),
    }
}

/// Text as it stands between marks.
fn inert(markup: Markup, text: &str) -> String {
    match markup {
        Markup::Html | Markup::InlineHtml => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        Markup::Ansi | Markup::Mirc | Markup::Plain | Markup::Styling => text.to_owned(),
    }
}
