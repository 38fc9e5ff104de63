//! Where a scenario is played: a network, a StackStorm behind proxies, a gateway that may die, and the account.

use std::{collections::BTreeSet, fs::File, io::Write as _, path::PathBuf, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    Outcome, Site,
    account::{Account, Verdict},
    gateway::{Gateway, Launch, Wiring},
    network::{Network, Receipts},
    proxy::Proxy,
    stackstorm::StackStorm,
    wait::{PATIENCE, until},
};

/// All of it.
pub(crate) struct Stage {
    /// The chat network.
    pub(crate) network: Network,
    /// The StackStorm itself.
    pub(crate) stackstorm: StackStorm,
    /// What stands before its API.
    pub(crate) api: Proxy,
    /// What stands before its stream.
    pub(crate) stream: Proxy,
    /// What stands before the network.
    pub(crate) chat: Proxy,
    /// What was given and what came of it.
    pub(crate) account: Account,
    /// How the gateway is started.
    pub(crate) launch: Launch,
    /// The gateway, while there is one.
    pub(crate) gateway: Option<Gateway>,
    /// What it is connected with, as its configuration has it.
    pub(crate) wiring: Wiring,
    /// The rooms.
    pub(crate) rooms: Vec<String>,
    /// Where everything of it is.
    pub(crate) folder: PathBuf,
    /// What was lost when it was waited for.
    given_up: BTreeSet<String>,
    /// What was waited for in vain.
    in_vain: Vec<String>,
    /// What was said.
    minutes: File,
    /// How many lines of the network were read.
    read: usize,
    /// The number of the last command or announcement.
    last: u64,
}

/// What differs from one stage to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// What a receipt is.
    pub(crate) receipts: Receipts,
    /// Who says results.
    pub(crate) results: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self { receipts: Receipts::Echo, results: "direct" }
    }
}

impl Stage {
    /// Sets a stage in a folder of its own. No gateway runs yet.
    pub(crate) async fn set(site: &Site, name: &str, plan: Plan) -> Outcome<Self> {
        let folder = site.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let network = Network::start(plan.receipts)?;
        let stackstorm = StackStorm::start(&site.gateway, &folder).await?;
        let api = Proxy::start(stackstorm.address)?;
        let stream = Proxy::start(stackstorm.address)?;
        let chat = Proxy::start(network.address)?;
        let rooms: Vec<String> = (1..=4).map(|number| format!("#room{number}")).collect();
        let launch = Launch {
            program: site.gateway.clone(),
            wrapper: Vec::new(),
            config: folder.join("fulmar.toml"),
            log: folder.join("gateway.log"),
            environment: Vec::new(),
        };
        let wiring = Wiring {
            state: format!("sqlite:{}", folder.join("journal.db").display()),
            results: plan.results,
            progress: "30s",
            api: api.address,
            stream: stream.address,
            web: None,
            chats: vec![("fulmar".into(), chat.address, rooms.clone())],
        };
        wiring.write(&launch.config)?;
        let (account, gateway, read, last) = (Account::default(), None, 0, 0);
        let minutes = File::create(folder.join("rooms.log"))?;
        Ok(Self {
            network,
            stackstorm,
            api,
            stream,
            chat,
            account,
            launch,
            gateway,
            wiring,
            rooms,
            folder,
            given_up: BTreeSet::new(),
            in_vain: Vec::new(),
            minutes,
            read,
            last,
        })
    }

    /// Starts a gateway, and waits until it is ready.
    pub(crate) async fn enter(&mut self) -> Outcome<()> {
        self.gateway.insert(self.launch.start()?).ready().await
    }

    /// The gateway that runs.
    pub(crate) fn running(&mut self) -> Outcome<&mut Gateway> {
        self.gateway.as_mut().ok_or_else(|| "no gateway runs".into())
    }

    /// Kills the gateway without a word.
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        let mut gateway = self.gateway.take().ok_or("no gateway runs")?;
        Ok(gateway.process.kill()?)
    }

    /// Somebody gives a command that takes so many seconds; its number, if anybody was there to hear it.
    pub(crate) fn give(&mut self, seconds: f64) -> Option<u64> {
        self.order(None, &format!("!work t{{n}} for {seconds}"), &["t{n}"], 0)
    }

    /// Somebody gives a command in a room, if none is named in any; its number, if anybody was there to hear it. It runs
    /// once for each token, and each result has so many lines more than one. The number stands for `{n}`.
    pub(crate) fn order(
        &mut self,
        room: Option<String>,
        words: &str,
        tokens: &[&str],
        lines: usize,
    ) -> Option<u64> {
        let number = self.last + 1;
        let room = room.or_else(|| room_of(&self.rooms, number).cloned())?;
        let text = |words: &str| words.replace("{n}", &number.to_string());
        if self.network.say(&format!("u{number}"), &room, &text(words)) == 0 {
            return None;
        }
        self.last = number;
        let tokens: Vec<String> = tokens.iter().map(|token| text(token)).collect();
        self.account.command(number, &room, &tokens, lines);
        Some(number)
    }

    /// The author of a command says something more.
    pub(crate) fn speak(&self, number: u64, text: &str) {
        if let Some(room) = self.account.room_of(number) {
            self.network.say(&format!("u{number}"), room, text);
        }
    }

    /// So many commands a second are given, as long as that.
    pub(crate) async fn give_for(&mut self, length: Duration, rate: u32) -> Outcome<()> {
        let begin = Instant::now();
        let count = (length.as_secs_f64() * f64::from(rate)) as u32;
        for place in 0..count {
            sleep_until(begin + Duration::from_secs(1) * place / rate).await;
            self.give(0.0);
        }
        sleep_until(begin + length).await;
        Ok(())
    }

    /// So many commands a second are given, until somebody is there to hear them.
    pub(crate) async fn give_until_heard(&mut self, rate: u32) -> Outcome<()> {
        let begin = Instant::now();
        while self.give(0.0).is_none() {
            if begin.elapsed() > PATIENCE {
                return Err("nobody comes to hear commands".into());
            }
            sleep(Duration::from_secs(1) / rate).await;
        }
        Ok(())
    }

    /// StackStorm announces something.
    pub(crate) async fn announce(&mut self) -> Outcome<()> {
        let (number, room) = self.perhaps_announced().ok_or("there are no rooms")?;
        self.stackstorm.announce(number, &room).await?;
        self.account.is_made(number);
        Ok(())
    }

    /// Something is to be announced, of which it is not known yet if it is: its number and its room.
    pub(crate) fn perhaps_announced(&mut self) -> Option<(u64, String)> {
        self.last += 1;
        let room = room_of(&self.rooms, self.last)?.clone();
        self.account.perhaps(self.last, &room);
        Some((self.last, room))
    }

    /// Takes note of what was said and run since.
    pub(crate) async fn look(&mut self) -> Outcome<()> {
        self.stackstorm.tell(&mut self.account).await?;
        self.hear();
        Ok(())
    }

    /// Takes note of what was said since.
    pub(crate) fn hear(&mut self) {
        let lines = self.network.lines(self.read);
        self.read += lines.len();
        for line in lines {
            // For whoever wants to know what was said; nothing depends on it.
            drop(writeln!(self.minutes, "{} {}", line.room, line.text));
            self.account.line(&line);
        }
    }

    /// Waits until these commands are answered, every execution has ended, nothing is lost and the gateway owes nothing; or for
    /// so long. What became of it all.
    pub(crate) async fn settle(&mut self, due: &[u64], patience: Duration) -> Outcome<Verdict> {
        let mut open = String::new();
        let settled = until("the end of it all", patience, async || {
            open = self.open(due).await?;
            Ok(open.is_empty().then_some(()))
        })
        .await;
        if settled.is_err() {
            self.in_vain.push(format!("{open} after {patience:?}"));
        }
        self.look().await?;
        let verdict = self.verdict();
        // It is not waited for again.
        self.given_up.extend(verdict.lost.iter().cloned());
        Ok(verdict)
    }

    /// What became of it all until now.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict { in_vain: self.in_vain.clone(), ..self.account.verdict() }
    }

    /// What there is still to wait for, in words; nothing in the end.
    async fn open(&mut self, due: &[u64]) -> Outcome<String> {
        self.hear();
        let unanswered: Vec<u64> = due.iter().copied().filter(|it| !self.account.is_answered(*it)).collect();
        if !unanswered.is_empty() {
            return Ok(format!("no answer to {unanswered:?}"));
        }
        if !self.running()?.is_done().await {
            return Ok("the gateway still owes something".into());
        }
        self.look().await?;
        Ok(match self.account.all_ended() {
            false => "executions have not ended".into(),
            true if self.owes() => "something is missing".into(),
            true => String::new(),
        })
    }

    /// Waits until the gateway's status is as wanted.
    pub(crate) async fn until_status(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Outcome<()> {
        let gateway = self.running()?;
        until(what, 2 * PATIENCE, async || Ok(gateway.status().await.filter(&is_wanted).map(drop))).await
    }

    /// Waits until so many chats are in their rooms.
    pub(crate) async fn until_clients(&self, count: usize) -> Outcome<()> {
        let all = async || Ok((self.network.in_rooms() == count).then_some(()));
        until("all chats", 2 * PATIENCE, all).await
    }

    /// Waits until the account is as wanted.
    pub(crate) async fn until_account(&mut self, what: &str, is_wanted: impl Fn(&Account) -> bool) -> Outcome<()> {
        until(what, PATIENCE, async || {
            self.hear();
            Ok(is_wanted(&self.account).then_some(()))
        })
        .await
    }

    /// Waits until one command is answered.
    pub(crate) async fn settle_one(&mut self, number: u64) -> Outcome<()> {
        self.until_account("the answer to a command", |account| account.is_answered(number)).await
    }

    /// Gives commands, one after the other, until one is run.
    pub(crate) async fn until_one_runs(&mut self, patience: Duration) -> Outcome<()> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            let number = self.give(0.0).ok_or("nobody is there to hear a command")?;
            self.settle_one(number).await?;
            if self.account.result_at(number).is_some() {
                return Ok(());
            }
            sleep(BETWEEN).await;
        }
        Err(format!("no command has run for {patience:?}").into())
    }

    /// Whether something is missing that was not waited for in vain already.
    pub(crate) fn owes(&self) -> bool {
        self.account.verdict().lost.iter().any(|it| !self.given_up.contains(it))
    }

    /// The number of the last command or announcement.
    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Whether the gateway has panicked in any of its lives.
    pub(crate) fn panicked(&self) -> Outcome<bool> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.launch.log)?).contains("panicked at"))
    }
}

/// How long people wait before they try again.
const BETWEEN: Duration = Duration::from_millis(500);

fn room_of(rooms: &[String], number: u64) -> Option<&String> {
    rooms.iter().cycle().nth(usize::try_from(number).ok()? % rooms.len().max(1))
}
