//! What others could pretend.

use fulmar_contract::Identity;

use crate::place;

const COMMAND: &str = "!st2 run rm -rf /";

/// Has the peer send our account, and us where we are, what is in `stanza`, and expects that nothing of it is heard.
async fn is_not_heard(stanzas: impl Fn(&str, &str) -> Vec<String>) {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;
    let us = format!("{}@localhost", place.account);

    for stanza in stanzas(&us, room.as_str()) {
        place.peer.sends(&stanza).await;
    }
    place.peer.says(room.as_str(), "groupchat", "honest", "").await;

    let heard = session.heard().await;
    assert_eq!(heard.text, "honest");
    assert!(matches!(heard.sender.identity, Identity::Vouched(who) if who.as_str() == place.peer.jid));
}

#[tokio::test]
async fn copies_from_strangers_are_not_heard() {
    is_not_heard(|us, _| {
        ["received", "sent"]
            .iter()
            .flat_map(|kind| [us.to_owned(), format!("{us}/fulmar")].map(|to| (kind, to)))
            .map(|(kind, to)| {
                format!(
                    "<message to='{to}' type='chat'><{kind} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
                     <message xmlns='jabber:client' from='admin@localhost/x' to='{us}' type='chat'><body>{COMMAND}</body>\
                     </message></forwarded></{kind}></message>"
                )
            })
            .collect()
    })
    .await;
}

#[tokio::test]
async fn archives_of_strangers_are_not_heard() {
    is_not_heard(|us, room| {
        [us, room]
            .map(|to| {
                format!(
                    "<message to='{to}' type='{}'><result xmlns='urn:xmpp:mam:2' queryid='1' id='1'><forwarded \
                     xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/><message \
                     xmlns='jabber:client' from='admin@localhost/x' type='chat'><body>{COMMAND}</body></message>\
                     </forwarded></result></message>",
                    if to == us { "chat" } else { "groupchat" }
                )
            })
            .into()
    })
    .await;
}

#[tokio::test]
async fn what_is_told_late_or_corrected_or_secret_is_not_heard() {
    is_not_heard(|us, room| {
        [
            "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>",
            "<x xmlns='jabber:x:delay' stamp='20260101T00:00:00'/>",
            "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>",
            "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
        ]
        .iter()
        .flat_map(|more| {
            [(us, "chat"), (room, "groupchat")].map(|(to, kind)| {
                format!("<message to='{to}' type='{kind}'><body>{COMMAND}</body>{more}</message>")
            })
        })
        .collect()
    })
    .await;
}

#[tokio::test]
async fn a_name_that_somebody_else_gave_a_message_is_not_its_name() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    for by in [room.as_str(), "elsewhere@localhost", "localhost"] {
        let forged = format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='forged'/>");
        place.peer.says(room.as_str(), "groupchat", "x", &forged).await;

        assert_ne!(session.heard().await.id.as_str(), "forged", "by {by}");
    }
}
