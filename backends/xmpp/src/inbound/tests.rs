use proptest::prelude::*;

use super::*;

const ME: &str = "fulmar@example.org";

fn fact(stanza: &str) -> Option<Fact> {
    read(&stanza.parse().unwrap(), &BareJid::new(ME).unwrap())
}

fn said(stanza: &str) -> Option<Said> {
    match fact(stanza)? {
        Fact::Said(said) => Some(*said),
        other => panic!("{other:?}"),
    }
}

const MESSAGE: &str = "<message xmlns='jabber:client' from='ops@rooms.example/ada' type='groupchat' id='m'>";

fn message(more: &str) -> Option<Said> {
    said(&format!("{MESSAGE}{more}</message>"))
}

#[test]
fn a_message_is_heard_with_what_belongs_to_it() {
    let said = message(
        "<body>1 &lt; 2</body><thread>t</thread>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='evil@example.org' id='1'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='ops@rooms.example' id='2'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='fulmar@example.org' id='with space'/>",
    )
    .unwrap();

    assert_eq!((said.text.as_str(), said.thread.as_deref(), said.id.as_deref()), ("1 < 2", Some("t"), Some("m")));
    assert!(said.in_room && !said.is_late && !said.corrects);
    assert_eq!(said.stamp(&BareJid::new("ops@rooms.example").unwrap()), Some("2"));
    assert_eq!(said.stamp(&BareJid::new(ME).unwrap()), None);
}

#[test]
fn what_is_late_or_corrects_says_so() {
    for late in ["<delay xmlns='urn:xmpp:delay' stamp='x'/>", "<x xmlns='jabber:x:delay'/>"] {
        assert!(message(&format!("<body>x</body>{late}")).unwrap().is_late, "{late}");
    }
    assert!(message("<body>x</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>").unwrap().corrects);
}

#[test]
fn a_quote_of_what_is_answered_is_taken_out() {
    let reply = "<reply xmlns='urn:xmpp:reply:0' id='1'/>";
    let fallback =
        |part: &str| format!("<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>{part}</fallback>");
    for (more, text) in [
        (format!("{reply}{}", fallback("<body start='0' end='5'/>")), "run"),
        (format!("{reply}{}", fallback("<body/>")), ""),
        (format!("{reply}{}", fallback("<body start='x' end='-1'/>")), ""),
        (format!("{reply}{}", fallback("")), ""),
        (reply.to_owned(), "> ża\nrun"),
        (fallback("<body start='0' end='5'/>"), "> ża\nrun"),
        ("<fallback xmlns='urn:xmpp:fallback:0' for='other'><body/></fallback>".into(), "> ża\nrun"),
    ] {
        assert_eq!(message(&format!("<body>&gt; ża\nrun</body>{more}")).unwrap().text, text, "{more}");
    }
}

#[test]
fn copies_and_archives_are_what_they_are_only_from_where_they_may_come() {
    let inner = "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='1994-11-06T08:49:37Z'/>\
        <message xmlns='jabber:client' from='ada@example.org/x' type='chat'><body>x</body></message></forwarded>";
    let copy = |from: &str, kind: &str| {
        fact(&format!(
            "<message xmlns='jabber:client' {from}><{kind} xmlns='urn:xmpp:carbons:2'>{inner}</{kind}></message>"
        ))
    };
    assert!(matches!(copy("from='fulmar@example.org'", "received"), Some(Fact::Said(said)) if said.text == "x"));
    for (from, kind) in [
        ("from='ada@example.org'", "received"),
        ("from='fulmar@example.org/x'", "received"),
        ("from='example.org'", "received"),
        ("from='fulmar@example.org'", "sent"),
    ] {
        assert_eq!(copy(from, kind), None, "{from} {kind}");
    }
    let result = format!(
        "<message xmlns='jabber:client' from='evil@example.org'><result xmlns='urn:xmpp:mam:2' queryid='q' id='a'>{inner}\
         </result></message>"
    );
    let Some(Fact::Archived(archived)) = fact(&result) else {
        panic!("it is from an archive, whose is not known yet")
    };
    assert_eq!(archived.from, Some(Jid::new("evil@example.org").unwrap()));
    assert_eq!((archived.query.as_str(), archived.id.as_str()), ("q", "a"));
}

#[test]
fn who_wrote_it_is_said_once_or_not_at_all() {
    let x = "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='ada@example.org/x'/></x>";

    let once = message(&format!("<body>x</body>{x}")).unwrap().real;
    let twice = message(&format!("<body>x</body>{x}{x}")).unwrap().real;

    assert_eq!((once, twice), (Some(BareJid::new("ada@example.org").unwrap()), None));
}

#[test]
fn what_says_nothing_is_none() {
    for stanza in [
        "<message xmlns='jabber:client'/>",
        "<message xmlns='jabber:client' from='a@b'/>",
        "<message xmlns='jabber:client' from='@'><body>x</body></message>",
        "<message xmlns='jabber:client'><body>x</body></message>",
        "<message xmlns='jabber:client' from='a@b' type='headline'><body>x</body></message>",
        "<message xmlns='jabber:client' from='a@b' type='error'/>",
        "<message xmlns='jabber:client' from='a@b'><body>x</body><encrypted xmlns='e'/></message>",
        "<message xmlns='jabber:client' from='a@b'><result xmlns='urn:xmpp:mam:2'/></message>",
        "<message xmlns='jabber:client' from='a@b'><reactions xmlns='urn:xmpp:reactions:0'/></message>",
        "<message xmlns='other' from='a@b'><body>x</body></message>",
        "<iq xmlns='jabber:client' type='get'/>",
        "<iq xmlns='jabber:client' id='x' type='odd'/>",
        "<presence xmlns='jabber:client'/>",
        "<presence xmlns='jabber:client' from='a@b' type='subscribe'/>",
        "<other xmlns='jabber:client'/>",
    ] {
        assert_eq!(fact(stanza), None, "{stanza}");
    }
}

#[test]
fn presence_tells_who_is_where() {
    let present = |attributes: &str, x: &str| {
        let stanza = format!(
            "<presence xmlns='jabber:client' from='ops@rooms.example/ada' {attributes}>\
             <x xmlns='http://jabber.org/protocol/muc#user'>{x}</x></presence>"
        );
        match fact(&stanza) {
            Some(Fact::Present(present)) => present,
            other => panic!("{other:?}"),
        }
    };

    let here =
        present("", "<item jid='ada@example.org/x' role='moderator'/><status code='110'/><status code='100'/>");
    let kicked =
        present("type='unavailable'", "<item role='none'><reason>enough</reason></item><status code='307'/>");
    let renamed = present("type='unavailable'", "<item nick='countess'/><status code='303'/>");
    let gone = present("type='unavailable'", "<destroy><reason>moved</reason></destroy>");

    let real = BareJid::new("ada@example.org").ok();
    assert_eq!(here.standing, Standing::In { real, is_moderator: true });
    assert_eq!((here.nick.as_deref(), here.codes.as_slice()), (Some("ada"), &[110, 100][..]));
    let out = |renamed: Option<&str>, why: Option<&str>, is_destroyed| Standing::Out {
        renamed: renamed.map(str::to_owned),
        why: why.map(str::to_owned),
        is_destroyed,
    };
    assert_eq!(kicked.standing, out(None, Some("enough"), false));
    assert_eq!(renamed.standing, out(Some("countess"), None, false));
    assert_eq!(gone.standing, out(None, Some("moved"), true));
}

#[test]
fn an_error_is_told_with_its_words() {
    let bounce = fact(
        "<message xmlns='jabber:client' from='a@b' id='1' type='error'><error type='wait'>\
         <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>slow down</text></error></message>",
    );

    let Some(Fact::Bounced { id, fault, .. }) = bounce else { panic!("{bounce:?}") };
    assert_eq!((id.as_str(), fault.is_for_now), ("1", true));
    assert_eq!(fault.why(), "resource-constraint: slow down");
}

/// Elements as they could come, sensible and not.
fn stanza() -> impl Strategy<Value = String> {
    let attribute = prop_oneof![
        "from='(ops@rooms.example|fulmar@example.org|@|[a-z@/]{0,9})'",
        "type='(groupchat|chat|error|result|unavailable|get|[a-z]{0,5})'",
        "id='[a-z ]{0,5}'",
        "(jid|nick|role|code|by|stamp|queryid|for|start|end)='[a-z0-9@:. -]{0,12}'",
    ];
    let name = prop_oneof![
        "body|thread|error|iq",
        "(x|item|status|destroy) xmlns='http://jabber.org/protocol/muc#user'",
        "(received|sent) xmlns='urn:xmpp:carbons:2'",
        "(result|fin) xmlns='urn:xmpp:mam:2'",
        "(forwarded) xmlns='urn:xmpp:forward:0'",
        "message xmlns='jabber:client'",
        "(delay) xmlns='urn:xmpp:delay'",
        "(reactions|reaction) xmlns='urn:xmpp:reactions:0'",
        "reply xmlns='urn:xmpp:reply:0'",
        "fallback xmlns='urn:xmpp:fallback:0'",
        "stanza-id xmlns='urn:xmpp:sid:0'",
    ];
    let attributes = attribute.clone();
    let element = move |inner: BoxedStrategy<String>| {
        (name.clone(), prop::option::of(attributes.clone()), prop::collection::vec(inner, 0..4)).prop_map(
            |(name, attribute, inner)| {
                let end = name.split(' ').next().unwrap_or_default().to_owned();
                format!("<{name} {}>{}</{end}>", attribute.unwrap_or_default(), inner.concat())
            },
        )
    };
    let leaf = element("[a-z ]{0,9}".boxed());
    let tree = leaf.boxed().prop_recursive(4, 24, 4, element);
    let top = ("(message|presence|iq)", prop::collection::vec(attribute, 0..2), prop::collection::vec(tree, 0..4));
    top.prop_map(|(name, attributes, inner): (String, Vec<String>, Vec<String>)| {
        format!("<{name} xmlns='jabber:client' {}>{}</{name}>", attributes.join(" "), inner.concat())
    })
}

proptest! {
    #[test]
    fn no_stanza_panics(stanza in stanza()) {
        // The same attribute twice is no XML.
        if let Ok(stanza) = stanza.parse::<Element>() {
            let fact = read(&stanza, &BareJid::new(ME).unwrap());
            let is_copied = stanza.children().any(|child| child.has_ns(ns::CARBONS));
            let is_ours = stanza.attr("from").is_none_or(|from| from == ME);
            prop_assert!(!is_copied || is_ours || !matches!(fact, Some(Fact::Said(_))));
        }
    }
}
