//! The people: clients of the real server, each with a nick and a connection of their own.

use std::{io, sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use tokio::{
    io::AsyncWriteExt,
    net::tcp::OwnedWriteHalf,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    Outcome,
    irc::{self, Reader, pong_to, said},
    tally::Tally,
    words,
};

/// People in rooms.
pub(crate) struct Crowd {
    people: Vec<Person>,
    tally: Arc<Tally>,
    aliases: u64,
}

struct Person {
    index: usize,
    room: String,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    finished: mpsc::Receiver<()>,
    reading: JoinHandle<io::Result<()>>,
}

/// What a person's reader knows.
struct Ears {
    index: usize,
    bot: String,
    /// Whether strange lines are this one's to count: everybody in the room sees them.
    is_first_in_room: bool,
    tally: Arc<Tally>,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    finished: mpsc::Sender<()>,
}

impl Crowd {
    /// So many people enter, spread over the rooms, and talk with `bot` about so many aliases.
    pub(crate) async fn enter(
        server: &str,
        (bot, rooms): (&str, &[String]),
        count: usize,
        tally: &Arc<Tally>,
        aliases: u64,
    ) -> Outcome<Self> {
        let entering = rooms.iter().cycle().take(count).enumerate().map(async |(index, room)| {
            let (reader, writer) =
                irc::enter(server, &format!("{bot}u{index}"), std::slice::from_ref(room)).await?;
            let writer = Arc::new(Mutex::new(writer));
            let (finish, finished) = mpsc::channel(64);
            let ears = Ears {
                index,
                bot: bot.to_owned(),
                is_first_in_room: index < rooms.len(),
                tally: Arc::clone(tally),
                writer: Arc::clone(&writer),
                finished: finish,
            };
            let reading = tokio::spawn(ears.listen(reader));
            Ok::<Person, io::Error>(Person { index, room: room.clone(), writer, finished, reading })
        });
        let people = try_join_all(entering).await?;
        Ok(Self { people, tally: Arc::clone(tally), aliases })
    }

    /// Everybody gives one command and awaits its result.
    pub(crate) async fn once(&mut self) -> Outcome<()> {
        let (tally, aliases) = (&*self.tally, self.aliases);
        try_join_all(self.people.iter_mut().map(|person| person.command(tally, aliases))).await?;
        Ok(())
    }

    /// Everybody gives a command as soon as the one before has its result, until then.
    pub(crate) async fn closed_loop(&mut self, length: Duration) -> Outcome<()> {
        let (tally, aliases, until) = (&*self.tally, self.aliases, Instant::now() + length);
        let one = async |person: &mut Person| {
            while Instant::now() < until {
                person.command(tally, aliases).await?;
            }
            Ok::<(), io::Error>(())
        };
        try_join_all(self.people.iter_mut().map(one)).await?;
        Ok(())
    }

    /// Gives so many commands a second, whatever becomes of them. Times count from the moment when each was due.
    pub(crate) async fn open_loop(&mut self, rate: u32, length: Duration) -> Outcome<()> {
        let start = Instant::now();
        let count = (f64::from(rate) * length.as_secs_f64()) as u32;
        for (number, person) in (0..count).zip(self.people.iter().cycle()) {
            let due = start + length.mul_f64(f64::from(number) / f64::from(count));
            sleep_until(due).await;
            let number = self.tally.begin(person.index, due, true);
            person.say(&words::command(number, self.aliases)).await?;
        }
        self.all_answered().await;
        Ok(())
    }

    /// Talks among each other, so many lines a second.
    pub(crate) async fn talk(&self, rate: u32, length: Duration) -> Outcome<()> {
        let start = Instant::now();
        let count = (f64::from(rate) * length.as_secs_f64()) as u32;
        for (number, person) in (0..count).zip(self.people.iter().cycle()) {
            sleep_until(start + length.mul_f64(f64::from(number) / f64::from(count))).await;
            person.say("did anybody look at the graphs of last night? the queue was long again :/").await?;
        }
        Ok(())
    }

    /// Waits until everything has been answered, or nothing more comes.
    pub(crate) async fn all_answered(&self) {
        let (mut open, mut since) = (usize::MAX, Instant::now());
        while open > 0 && since.elapsed() < PATIENCE {
            sleep(Duration::from_millis(5)).await;
            let now = self.tally.open();
            if now != open {
                (open, since) = (now, Instant::now());
            }
        }
    }

    /// Everybody leaves, once there was time for what comes twice.
    pub(crate) async fn leave(self) -> Outcome<()> {
        sleep(AFTERMATH).await;
        for person in self.people {
            if person.reading.is_finished() {
                return Err(format!("the server cut off {}", person.room).into());
            }
            person.reading.abort();
        }
        Ok(())
    }
}

impl Person {
    async fn say(&self, text: &str) -> io::Result<()> {
        self.writer.lock().await.write_all(format!("PRIVMSG {} :{text}\r\n", self.room).as_bytes()).await
    }

    /// Gives a command and awaits its result, for some time.
    async fn command(&mut self, tally: &Tally, aliases: u64) -> io::Result<()> {
        let number = tally.begin(self.index, Instant::now(), true);
        self.say(&words::command(number, aliases)).await?;
        // What is never answered is counted as lost.
        drop(timeout(PATIENCE, self.finished.recv()).await);
        Ok(())
    }
}

impl Ears {
    async fn listen(self, mut reader: Reader) -> io::Result<()> {
        loop {
            let mut pong = None;
            reader
                .lines(|line| match said(line) {
                    Some(said) if said.nick == self.bot => self.hear(said.text),
                    Some(_) => {}
                    None => pong = pong_to(line).or(pong.take()),
                })
                .await?;
            if let Some(pong) = pong {
                self.writer.lock().await.write_all(pong.as_bytes()).await?;
            }
        }
    }

    fn hear(&self, text: &str) {
        match words::recognised(text) {
            Some((kind, number)) if self.tally.heard(self.index, kind, number, Instant::now()) => {
                // Full when nobody waits: the open loop and announcements count by themselves.
                let _full = self.finished.try_send(());
            }
            Some(_) => {}
            None if self.is_first_in_room => self.tally.strange(text),
            None => {}
        }
    }
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited for lines that come twice.
const AFTERMATH: Duration = Duration::from_millis(100);
