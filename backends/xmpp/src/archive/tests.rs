use super::*;

const ROOM: &str = "ops@rooms.example";

fn jid(text: &str) -> Jid {
    Jid::new(text).unwrap()
}

fn me() -> BareJid {
    BareJid::new("fulmar@example.org").unwrap()
}

fn archived(from: Option<&str>, query: &str, id: &str) -> Archived {
    let (query, id) = (query.to_owned(), id.to_owned());
    Archived { from: from.map(jid), query, id, at: SystemTime::UNIX_EPOCH, said: None }
}

fn fin(first: &str, is_complete: bool) -> Element {
    let set = element("set", ns::RSM).holding(element("first", ns::RSM).saying(first));
    element("fin", ns::MAM).with("complete", if is_complete { "true" } else { "false" }).holding(set)
}

/// The id of a request, and how its messages are marked.
fn marks(iq: &Element) -> (String, String) {
    let query = iq.get_child("query", ns::MAM).unwrap().attr("queryid").unwrap();
    (iq.attr("id").unwrap().to_owned(), query.to_owned())
}

fn before(iq: &Element) -> String {
    let set = iq.get_child("query", ns::MAM).and_then(|query| query.get_child("set", ns::RSM)).unwrap();
    xml::text_of(set, "before").unwrap()
}

fn ids(read: &Read) -> Vec<&str> {
    read.archived.iter().map(|archived| archived.id.as_str()).collect()
}

struct Reader {
    archives: Archives,
    mint: Mint,
    now: Instant,
}

impl Reader {
    fn of(room: Option<&str>) -> (Self, Element) {
        let mut reader = Self { archives: Archives::default(), mint: Mint::new(), now: Instant::now() };
        let room = room.map(|room| BareJid::new(room).unwrap());
        let since = SystemTime::UNIX_EPOCH;
        let iq = reader.archives.begin(room, since, &mut reader.mint, reader.now).unwrap();
        (reader, iq)
    }

    fn answered(&mut self, id: &str, from: Option<&str>, fin: Option<&Element>) -> Option<Next> {
        let from = from.map(jid);
        self.archives.answered(id, from.as_ref(), &me(), fin, &mut self.mint, self.now)
    }
}

#[tokio::test]
async fn pages_are_read_backwards_and_told_in_order() {
    let (mut reader, iq) = Reader::of(Some(ROOM));
    let (id, query) = marks(&iq);
    assert_eq!((iq.attr("to"), before(&iq).as_str()), (Some(ROOM), ""));
    for name in ["3", "4"] {
        reader.archives.take(archived(Some(ROOM), &query, name), &me());
    }

    let Some(Next::Ask(iq)) = reader.answered(&id, Some(ROOM), Some(&fin("3", false))) else { panic!("more") };
    let (id, next) = marks(&iq);
    assert_eq!(before(&iq), "3");
    assert_ne!(next, query);
    for (query, name) in [(&next, "1"), (&query, "late"), (&next, "2")] {
        reader.archives.take(archived(Some(ROOM), query, name), &me());
    }
    let Some(Next::Done(read)) = reader.answered(&id, Some(ROOM), Some(&fin("1", true))) else { panic!("all") };

    assert_eq!(ids(&read), ["1", "2", "3", "4"]);
    assert_eq!(read.room, BareJid::new(ROOM).ok());
}

#[tokio::test]
async fn only_the_archive_that_is_asked_is_believed() {
    for (room, real, forged) in [
        (
            Some(ROOM),
            Some(ROOM),
            vec![None, Some("evil@example.org"), Some("ops@rooms.example/ada"), Some("fulmar@example.org")],
        ),
        (None, None, vec![Some("evil@example.org"), Some("example.org"), Some("fulmar@example.org/x")]),
        (None, Some("fulmar@example.org"), vec![Some(ROOM)]),
    ] {
        let (mut reader, iq) = Reader::of(room);
        let (id, query) = marks(&iq);

        for from in forged {
            reader.archives.take(archived(from, &query, "forged"), &me());
            assert_eq!(reader.answered(&id, from, Some(&fin("forged", true))), None, "{from:?}");
        }
        reader.archives.take(archived(real, "another", "forged"), &me());
        reader.archives.take(archived(real, &query, "real"), &me());

        let Some(Next::Done(read)) = reader.answered(&id, real, Some(&fin("real", true))) else { panic!("all") };
        assert_eq!(ids(&read), ["real"]);
    }
}

#[tokio::test]
async fn no_more_is_read_than_is_wanted() {
    let (mut reader, iq) = Reader::of(None);
    let (mut id, mut query) = marks(&iq);
    let read = loop {
        for name in 0..2 * PAGE {
            reader.archives.take(archived(None, &query, &name.to_string()), &me());
        }
        match reader.answered(&id, None, Some(&fin("0", false))).unwrap() {
            Next::Ask(iq) => (id, query) = marks(&iq),
            Next::Done(read) => break read,
        }
    };

    assert_eq!(read.archived.len(), MOST);
}

#[tokio::test]
async fn what_is_refused_or_makes_no_progress_ends() {
    for fin in [None, Some(fin("", false)), Some(element("fin", ns::MAM))] {
        let (mut reader, iq) = Reader::of(None);

        let next = reader.answered(&marks(&iq).0, None, fin.as_ref());

        assert!(matches!(next, Some(Next::Done(read)) if read.archived.is_empty()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_does_not_answer_is_given_up_with_what_there_is() {
    let (mut reader, iq) = Reader::of(Some(ROOM));
    reader.archives.take(archived(Some(ROOM), &marks(&iq).1, "1"), &me());

    assert!(reader.archives.give_up(reader.now + PATIENCE - Duration::from_secs(1)).is_empty());
    let read = reader.archives.give_up(reader.now + PATIENCE);

    assert_eq!(ids(&read[0]), ["1"]);
}
